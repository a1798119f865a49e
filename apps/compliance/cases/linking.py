"""Cases that belong together: linked, or merged into one."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from apps.compliance.cases.clock import CLOCK, start_clock, stop_clock
from apps.compliance.cases.steps import (
    CaseUnknown,
    UnableToDoThat,
    lock_case,
    lock_for,
    notify,
    record,
    require_held_by,
    require_open,
    save,
)
from apps.compliance.models import SEVERITY_RANK, Alert, Case, CaseHold, CaseLink
from apps.compliance.queues import may_see, may_work


@transaction.atomic
def link_cases(*, case_id: int, other_id: int, reason: str, actor: User, now: datetime) -> CaseLink:
    """
    Note that another case belongs to this one; both say so.

    :raises CaseUnknown: if the person may not see the other one
    :raises UnableToDoThat: if they are linked already, or the same
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    other = Case.objects.filter(pk=other_id).first()
    if other is None or not may_see(actor, other):
        raise CaseUnknown(f"There is no case {other_id} that you could see.")
    if other.pk == case.pk:
        raise UnableToDoThat("A case is not linked with itself.")
    if CaseLink.objects.filter(case=other, other=case).exists():
        raise UnableToDoThat("They are linked already.")
    try:
        with transaction.atomic():
            link = CaseLink.objects.create(case=case, other=other, reason=reason, added_by=actor, at=now)
    except IntegrityError:
        raise UnableToDoThat("They are linked already.") from None
    save(case, now=now, by=actor)
    record(case, "linked", actor=actor, now=now, text=reason, data={"case": other.pk, "reference": other.reference})
    record(other, "linked", actor=actor, now=now, text=reason, data={"case": case.pk, "reference": case.reference})
    notify(other, "linked", f"{other.reference} was linked with {case.reference}", now=now)
    return link


@transaction.atomic
def merge_case(*, case_id: int, into_id: int, reason: str, actor: User, now: datetime) -> Case:
    """
    Let another case of the same player take over: its alerts, holds and links move, this one is resolved as merged.

    :raises UnableToDoThat: if they are of different players, or the other one is resolved
    :raises CaseHeldByAnother: if somebody else works on this one
    """
    if case_id == into_id:
        raise UnableToDoThat("A case can not be merged into itself.")
    # Both rows in the order of their keys, so that two merges can not wait for each other.
    locked = {key: lock_case(key) for key in sorted((case_id, into_id))}
    case, into = locked[case_id], locked[into_id]
    if not (may_work(actor, case) and may_work(actor, into)):
        raise CaseUnknown
    require_held_by(case, actor)
    require_open(into)
    if case.player_id != into.player_id:
        raise UnableToDoThat("Only cases of one player are merged; link the others.")
    moved = _move(case, into)
    _strengthen(into, case, now=now)
    stop_clock(case, why="merged", now=now)
    case.resolve(resolution=Case.Resolution.MERGED, reason_codes=[], narrative=reason, by=actor, at=now)
    case.merged_into = into
    case.save()
    record(case, "merged", actor=actor, now=now, text=reason, data={"into": into.pk, "reference": into.reference})
    data = {"from": case.pk, "reference": case.reference, "alerts": moved}
    record(into, "merged-in", actor=actor, now=now, text=reason, data=data)
    if into.holder_id != actor.pk:
        notify(into, "merged-in", f"{case.reference} was merged into {into.reference}", now=now)
    return into


def _move(case: Case, into: Case) -> int:
    """Move alerts and holds; the row of an alert keeps its own kind, so later hits still find it."""
    CaseHold.objects.filter(case=case, closed_at=None).update(case=into)
    return Alert.objects.filter(case=case, state=Alert.State.OPEN).update(case=into)


def _strengthen(into: Case, case: Case, *, now: datetime) -> None:
    into.hit_count += case.hit_count
    into.last_hit_at = max(into.last_hit_at, case.last_hit_at)
    into.sla_minutes = min(into.sla_minutes, case.sla_minutes)
    into.severity = max(into.severity, case.severity, key=SEVERITY_RANK.__getitem__)
    into.severity_rank = SEVERITY_RANK[into.severity]
    fields = ["hit_count", "last_hit_at", "sla_minutes", "severity", "severity_rank"]
    if into.state == Case.State.OPEN:
        start_clock(into, now=now)
        fields += CLOCK
    save(into, *fields, now=now)
