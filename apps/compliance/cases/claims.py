"""Who holds a case: claim, next, release, hand over, give out, and claims that run out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.compliance.blueprints import current_blueprint
from apps.compliance.cases.steps import (
    PLATFORM,
    CaseHeldByAnother,
    UnableToDoThat,
    lock_case,
    lock_for,
    notify,
    record,
    require_held_by,
    require_open,
    save,
)
from apps.compliance.models import Case
from apps.compliance.queues import ASSIGN, desk_of, may_work
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id

MOST_AT_ONCE = 200
_HOLDER = ("holder", "claimed_at", "claim_expires_at", "stage", "snoozed_until")


class CapacityReached(DomainError):
    """The person holds as many cases of this kind as one may."""

    code: ClassVar[str] = "case-capacity-reached"
    title: ClassVar[str] = "You hold as many of these cases as one may; close or release one first"
    status: ClassVar[int] = 409


class NotEligible(DomainError):
    """The person may not work on this case."""

    code: ClassVar[str] = "case-person-not-eligible"
    title: ClassVar[str] = "That person may not work on this case"
    status: ClassVar[int] = 409


def claim_next(*, actor: User, now: datetime, queues: Sequence[str] | None = None) -> int | None:
    """
    Give a person the most pressing case that is free; one round trip, exclusive whoever else asks.

    :param queues: of these only; else of every queue of the person
    :return: the case's id, or None where nothing is free (or the person's hands are full)
    """
    desk = desk_of(actor)
    wanted = [code for code in desk.queues if queues is None or code in queues]
    if not wanted:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT compliance_claim_next(%s, %s, %s, %s, %s, %s, %s)",
            [
                actor.pk, actor.get_username(), wanted, list(desk.stages),
                None if desk.brands is None else list(desk.brands), now, current_request_id(),
            ],
        )  # fmt: skip
        row = cursor.fetchone()
    return row[0] if row else None


@transaction.atomic
def claim_case(*, case_id: int, actor: User, now: datetime) -> Case:
    """
    Take one case that is free.

    :raises CaseUnknown: if there is none for this person
    :raises CaseClosed: if it is resolved
    :raises CaseHeldByAnother: if somebody was faster
    :raises CapacityReached: if the person's hands are full
    """
    case = lock_for(actor, case_id)
    require_open(case)
    if case.holder_id == actor.pk:
        return case
    if case.holder_id is not None:
        raise CaseHeldByAnother(f"{case.holder} works on this case.")
    _require_eligible(case, actor)
    _require_capacity(case, actor)
    _give(case, actor, now=now)
    record(case, "claimed", actor=actor, now=now, data={"how": "chosen"})
    return case


@transaction.atomic
def release_case(*, case_id: int, reason: str, actor: User, now: datetime) -> Case:
    """
    Put a case back into its queue.

    :raises CaseNotHeld: if the person does not hold it
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    _take_away(case, now=now)
    record(case, "released", actor=actor, now=now, text=reason)
    return case


@transaction.atomic
def reassign_case(*, case_id: int, to: User, reason: str, actor: User, now: datetime) -> Case:
    """
    Hand a case to a colleague: one's own, or (with the permission to assign) anybody's.

    :raises CaseHeldByAnother: if it is somebody else's and the person may not assign
    :raises NotEligible: if the colleague may not work on it, or prepared what is to be reviewed
    :raises CapacityReached: if the colleague's hands are full
    """
    case = lock_for(actor, case_id)
    require_open(case)
    if case.holder_id != actor.pk and not actor.has_perm(ASSIGN):
        raise CaseHeldByAnother
    _hand_over(case, to, reason, actor, now)
    return case


def assign_cases(
    *, case_ids: Sequence[int], to: User, reason: str, actor: User, now: datetime
) -> tuple[int, list[str]]:
    """
    Hand many cases to one colleague, each by itself: one that cannot be given does not stop the others.

    :return: how many were given, and why the others were not
    :raises UnableToDoThat: if there are too many at once
    """
    if len(case_ids) > MOST_AT_ONCE:
        raise UnableToDoThat(f"At most {MOST_AT_ONCE} cases at once.")
    given, refused = 0, []
    for case_id in sorted(set(case_ids)):
        try:
            _assign_one(case_id, to, reason, actor, now)
        except DomainError as refusal:
            refused.append(f"Case {case_id}: {refusal.detail or refusal.title}")
        else:
            given += 1
    return given, refused


@transaction.atomic
def _assign_one(case_id: int, to: User, reason: str, actor: User, now: datetime) -> None:
    case = lock_for(actor, case_id, permission=ASSIGN)
    require_open(case)
    _hand_over(case, to, reason, actor, now)


def expire_claims(*, now: datetime, most: int = 500) -> int:
    """Put back what nobody has touched for as long as a claim lasts; returns how many."""
    expired = Case.objects.filter(claim_expires_at__lte=now).order_by("claim_expires_at").values_list("pk", flat=True)
    return sum(_expire(case_id, now) for case_id in list(expired[:most]))


@transaction.atomic
def _expire(case_id: int, now: datetime) -> bool:
    case = lock_case(case_id)
    if case.claim_expires_at is None or case.claim_expires_at > now:
        return False
    notify(case, "claim-expired", f"{case.reference} went back to its queue: not touched for long", now=now)
    record(case, "claim-expired", actor=PLATFORM, now=now, data={"holder": str(case.holder)})
    _take_away(case, now=now)
    return True


def _hand_over(case: Case, to: User, reason: str, actor: User, now: datetime) -> None:
    _require_eligible(case, to)
    if case.holder_id != to.pk:
        _require_capacity(case, to)
    before = case.holder
    _give(case, to, now=now)
    record(
        case, "assigned", actor=actor, now=now, text=reason, data={"to": to.get_username(), "from": str(before or "")}
    )
    if to.pk != actor.pk:
        notify(case, "assigned", f"{case.reference} was given to you: {reason}"[:300], now=now)


def _require_eligible(case: Case, person: User) -> None:
    if not (person.is_active and person.is_staff and may_work(person, case)):
        raise NotEligible
    if case.stage == Case.Stage.SECOND_REVIEW and case.prepared_by_id == person.pk:
        raise NotEligible("Whoever prepared it does not review it.")


def _require_capacity(case: Case, person: User) -> None:
    # The person's row, so that claims of one person at the same moment are counted one after the other.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    held = Case.objects.filter(holder=person, blueprint_code=case.blueprint_code).exclude(state=Case.State.RESOLVED)
    if held.count() >= current_blueprint(case.blueprint_code).capacity:
        raise CapacityReached


def _give(case: Case, to: User, *, now: datetime) -> None:
    case.holder, case.claimed_at = to, now
    case.claim_expires_at = now + timedelta(minutes=case.blueprint.claim_minutes)
    case.snoozed_until = None
    if case.stage == Case.Stage.TRIAGE:
        case.stage = Case.Stage.INVESTIGATION
    save(case, *_HOLDER, now=now)


def _take_away(case: Case, *, now: datetime) -> None:
    case.holder = case.claimed_at = case.claim_expires_at = None
    save(case, *_HOLDER, now=now)
