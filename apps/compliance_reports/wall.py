"""Who is behind the wall. To everybody else there is nothing: the same answer whether reports exist or not."""

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from apps.compliance.case_view import Tool, register_tool
from apps.compliance.grants import is_granted
from apps.compliance.models import Case
from apps.compliance.queues import may_work

ENTER = "compliance_reports.access_reports"
APPROVE = "compliance_reports.approve_reports"


def require_behind_the_wall(request: HttpRequest) -> Any:
    """
    Return who asks, if they may be here.

    :raises Http404: else, as for a page that does not exist
    """
    if not is_granted(request.user, ENTER):
        raise Http404
    return request.user


def _way_in(*, user: Any, case: Case) -> dict[str, str] | None:
    """The same link on every case: it tells whoever sees it nothing about this one."""
    if not (is_granted(user, ENTER) and may_work(user, case)):
        return None
    return {"title": "Filing", "url": f"{reverse('filings:of-case', args=[case.pk])}", "icon": "lock"}


def register() -> None:
    """Offer the way in."""
    register_tool(Tool("filings", _way_in))
