"""Which requests want a second factor shown minutes ago: decisions on colleagues' requests, unmasking, files."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.compliance.approval_commands import commands

# Pages of their own, which are no buttons of a list: by URL name. Those that hand out files by GET want it too.
POSTS = frozenset(
    {
        "compliance:second", "filings:press", "admin:compliance_case_export", "admin:compliance_evidence_read",
        "admin:compliance_dataexport_file", "admin:payments_dispute_pack", "admin:verification_document_open",
        "admin:verification_screeninghit_compare", "backoffice:show-in-case",
    }
)  # fmt: skip
DOWNLOADS = frozenset(
    {"filings:document", "admin:reconciliation_export_download", "admin:reporting_reportexport_download"}
)
# Buttons whose permission begins like this decide on what somebody else asked for, or show what is masked.
_DECIDING = ("approve_", "check_", "publish_", "unmask_", "clear_", "decide_return", "release_hold")


def wants_fresh_factor(request: HttpRequest) -> bool:
    """Say whether this request does something that wants a fresh factor."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in DOWNLOADS:
        return True
    return request.method == "POST" and (name in POSTS or name in deciding_buttons())


@cache
def deciding_buttons() -> frozenset[str]:
    """URL names of the buttons that decide, agree or unmask; found by their permission, so that a new one is too."""
    checks = {command.checker_permission for command in commands()}
    return frozenset(
        f"admin:{page.model._meta.app_label}_{page.model._meta.model_name}_{button.name}"
        for page in _pages()
        for button in page.actions_of_page()
        if button.permission in checks
        or button.permission.partition(".")[2].startswith(_DECIDING)
        or (button.permission == "compliance.view_approvalrequest" and button.name in ("approve", "reject"))
    )


def _pages() -> list[Any]:
    return [page for page in admin.site._registry.values() if hasattr(page, "actions_of_page")]  # noqa: SLF001
