"""
What closing a case begins here: a confirmed suspicion that nobody has yet filed, or decided not to file.

It is read from the cases, and kept nowhere: no row, notice or task tells anybody in front of the wall that it is there.
"""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from apps.compliance.models import Blueprint, Case
from apps.compliance.queues import visible_cases
from apps.compliance_reports.models import Report


def cases_to_file(user: Any) -> QuerySet[Case]:
    """Cases of money laundering closed as confirmed, without any filing, that the person works on; the oldest first."""
    confirmed = visible_cases(user).filter(
        blueprint_code=Blueprint.Code.AML, state=Case.State.RESOLVED, resolution=Case.Resolution.CONFIRMED
    )
    begun = Report.objects.filter(case=OuterRef("pk"))
    return confirmed.filter(~Exists(begun)).select_related("player").order_by("resolved_at", "pk")
