"""What time does to cases: warnings at half and four fifths of the SLA, breaches, claims and waits that run out."""

from datetime import datetime

from django.db import transaction

from apps.compliance.cases.clock import set_urgency, stored_seconds
from apps.compliance.cases.steps import PLATFORM, lock_case, notify, record
from apps.compliance.models import Case

_WARNINGS = {
    Case.Urgency.HALF: ("sla-50", "half of its time is used"),
    Case.Urgency.AT_RISK: ("sla-80", "four fifths of its time are used"),
    Case.Urgency.BREACHED: ("sla-breached", "it is overdue"),
}


def warn(*, now: datetime, most: int = 2000) -> int:
    """Raise the urgency of every case that has come nearer its due time; returns how many."""
    nearer = Case.objects.filter(warn_at__lte=now).order_by("warn_at").values_list("pk", flat=True)
    return sum(_warn_one(case_id, now) for case_id in list(nearer[:most]))


@transaction.atomic
def _warn_one(case_id: int, now: datetime) -> bool:
    case = lock_case(case_id)
    if case.state != Case.State.OPEN or case.warn_at is None or case.warn_at > now:
        return False
    set_urgency(case, stored_seconds(case), now=now)
    case.save(update_fields=["urgency", "warn_at"])
    kind, words = _WARNINGS[Case.Urgency(case.urgency)]
    record(case, kind, actor=PLATFORM, now=now)
    notify(case, kind, f"{case.reference}: {words}", now=now)
    return True
