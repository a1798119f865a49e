"""Django application `compliance_reports`: everything behind the wall, and nothing of it in front."""

from django.apps import AppConfig


class ComplianceReportsConfig(AppConfig):
    """Reports of suspicion. No page of the common admin site, no approval in the common queue, no log entry."""

    name = "apps.compliance_reports"
    label = "compliance_reports"
    verbose_name = "Filings"

    def ready(self) -> None:
        """Offer the way in on case pages, to those who may use it."""
        from apps.compliance_reports import wall  # noqa: PLC0415 - models must be loaded

        wall.register()
