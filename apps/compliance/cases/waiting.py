"""A case that waits: for the player (its clock stands), for a day (it does not), or for somebody who knows more."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.cases.clock import CLOCK, start_clock, stop_clock
from apps.compliance.cases.steps import (
    PLATFORM,
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

_STATE = ("state", "awaiting_since", "awaiting_until", "awaiting_what", *CLOCK)


@transaction.atomic
def await_player(*, case_id: int, what: str, actor: User, now: datetime) -> Case:
    """
    Wait for the player; the clock stands, at most for as long as the blueprint allows.

    :param what: what the player has to do
    :raises CaseNotHeld: if the person does not hold it
    :raises UnableToDoThat: if it waits already
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    if case.state != Case.State.OPEN:
        raise UnableToDoThat("It waits for the player already.")
    until = now + timedelta(days=case.blueprint.max_wait_days)
    stop_clock(case, why="awaiting-player", now=now)
    case.wait_for_player(what=what, until=until, at=now)
    save(case, *_STATE, now=now, by=actor)
    record(case, "awaits-player", actor=actor, now=now, text=what, data={"until": until.isoformat()})
    return case


@transaction.atomic
def take_up(*, case_id: int, reason: str, actor: User | str, now: datetime) -> Case:
    """
    Open again what waited for the player; the clock runs on from where it stood.

    :param actor: the holder, or the part of the platform that heard from the player
    :raises UnableToDoThat: if it does not wait
    """
    case = lock_case(case_id) if isinstance(actor, str) else lock_for(actor, case_id)
    if isinstance(actor, User):
        require_held_by(case, actor)
    if case.state != Case.State.AWAITING_PLAYER:
        raise UnableToDoThat("It does not wait for the player.")
    case.take_up(at=now)
    start_clock(case, now=now)
    save(case, *_STATE, now=now, by=actor if isinstance(actor, User) else None)
    record(case, "taken-up", actor=actor, now=now, text=reason)
    if isinstance(actor, str):
        notify(case, "taken-up", f"{case.reference} is open again: {reason}"[:300], now=now)
    return case


@transaction.atomic
def snooze_case(*, case_id: int, until: datetime, reason: str, actor: User, now: datetime) -> Case:
    """
    Put a case aside until a day; it goes back to the queue, and its clock runs on, so not beyond its due time.

    :raises UnableToDoThat: if the day is past, or it would be overdue by then
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    if case.state != Case.State.OPEN:
        raise UnableToDoThat("Only an open case can be put aside.")
    if until <= now:
        raise UnableToDoThat("That moment is past.")
    if case.due_at is not None and until > case.due_at:
        raise UnableToDoThat(f"It is due at {case.due_at:%Y-%m-%d %H:%M} UTC; it can not sleep longer than that.")
    case.snoozed_until = until
    case.holder = case.claimed_at = case.claim_expires_at = None
    save(case, "snoozed_until", "holder", "claimed_at", "claim_expires_at", now=now)
    record(case, "snoozed", actor=actor, now=now, text=reason, data={"until": until.isoformat()})
    return case


@transaction.atomic
def escalate_case(*, case_id: int, reason: str, actor: User, now: datetime, to: str = "") -> Case:
    """
    Hand a case up. It leaves the desk of whoever escalates, who may not see where it went.

    :param to: a Case.Stage; else where the blueprint says
    :raises UnableToDoThat: if it is there already
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    stage = to or case.blueprint.escalates_to
    if stage not in Case.Stage.values or (stage == case.stage and stage != Case.Stage.INVESTIGATION):
        raise UnableToDoThat("It is there already.")
    case.stage = stage
    case.prepared_by = actor
    case.holder = case.claimed_at = case.claim_expires_at = None
    save(case, "stage", "prepared_by", "holder", "claimed_at", "claim_expires_at", now=now)
    record(case, "escalated", actor=actor, now=now, text=reason, data={"stage": stage})
    return case


@transaction.atomic
def add_note(*, case_id: int, text: str, actor: User, now: datetime) -> Case:
    """
    Write something down in the case. Everybody who may work on it may.

    :raises CaseClosed: if it is resolved
    """
    case = lock_for(actor, case_id)
    require_open(case)
    save(case, now=now, by=actor)
    record(case, "note", actor=actor, now=now, text=text)
    return case


def return_from_player(*, now: datetime, most: int = 500) -> int:
    """Open again what has waited for the player as long as it may; returns how many."""
    over = Case.objects.filter(state=Case.State.AWAITING_PLAYER, awaiting_until__lte=now)
    keys = list(over.order_by("awaiting_until").values_list("pk", flat=True)[:most])
    done = 0
    for key in keys:
        try:
            take_up(case_id=key, reason="The player did not answer in time", actor=PLATFORM, now=now)
        except UnableToDoThat:
            continue  # somebody was faster
        done += 1
    return done
