"""Pages of compliance, one module an area."""

from apps.compliance import cases_page  # noqa: F401 - registers its page
