"""What compliance makes wait and lets go: withdrawals held for a case, and those that wait for a player's identity."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.queue import enqueue_on_commit
from apps.integrations.outbox import Fact
from apps.payments.models import Withdrawal
from apps.payments.operations.claims import drop_claim
from apps.payments.operations.steps import lock_withdrawal, record_step

HELD_FOR_CASE = "aml-review"
CONSUMER = "payments.identity"
FOLLOWED = frozenset(
    {"verification.fact.confirmed", "verification.due_diligence.met", "verification.due_diligence.released"}
    | {"verification.hit.false_positive"}
)
_WAITS_FOR_IDENTITY = "identity"
_MOVED = ["state", "changed_at", "due_at", "clock_stopped_at", "holder", "held_since", "reason_code", "player_reason"]
_State = Withdrawal.State


@transaction.atomic
def hold_for_case(*, player_id: int, case: str, actor: User, now: datetime) -> list[str]:
    """
    Hold every withdrawal of a player that people still decide on; returns their public ids.

    What has been approved already is on its way, and stays what it is. Permission is asked where the case is decided.

    :param case: reference of the case that explains the hold
    """
    held = []
    for pk in _of(player_id, _State.IN_REVIEW):
        withdrawal = lock_withdrawal(pk)
        if withdrawal.state != _State.IN_REVIEW:
            continue
        withdrawal.hold(reason_code=HELD_FOR_CASE, player_reason="", at=now)
        drop_claim(withdrawal)
        withdrawal.save(update_fields=_MOVED)
        record_step(withdrawal, "held", before=_State.IN_REVIEW, now=now, actor=actor, reason=HELD_FOR_CASE, case=case)
        held.append(str(withdrawal.public_id))
    return held


@transaction.atomic
def release_for_case(*, player_id: int, case: str, actor: User, now: datetime) -> list[str]:
    """
    Bring what was held for a case back to those who decide on withdrawals; returns the public ids.

    It goes to review, not out: letting the money go takes a decision on each.
    """
    released = []
    for pk in _of(player_id, _State.ON_HOLD):
        withdrawal = lock_withdrawal(pk)
        if withdrawal.state != _State.ON_HOLD or withdrawal.reason_code not in (HELD_FOR_CASE, "monitoring"):
            continue
        withdrawal.needs_override = True
        withdrawal.send_to_review(at=now)
        withdrawal.save(update_fields=[*_MOVED, "needs_override"])
        record_step(withdrawal, "released-to-review", before=_State.ON_HOLD, now=now, actor=actor, case=case)
        released.append(str(withdrawal.public_id))
    return released


def follow(facts: Sequence[Fact], *, now: datetime) -> None:
    """Ask the checks anew about withdrawals that waited for what has been proven now; for `outbox.consume`."""
    for player_id in sorted({fact.player_id for fact in facts if fact.player_id is not None}):
        for pk in _of(player_id, _State.ON_HOLD):
            screen_again(withdrawal_id=pk, now=now)


@transaction.atomic
def screen_again(*, withdrawal_id: int, now: datetime) -> Withdrawal:
    """Let the checks run again if the withdrawal waits for the player's identity; else nothing happens."""
    withdrawal = lock_withdrawal(withdrawal_id)
    if withdrawal.state != _State.ON_HOLD or withdrawal.reason_code != _WAITS_FOR_IDENTITY:
        return withdrawal
    withdrawal.screen_again(at=now)
    withdrawal.save(update_fields=_MOVED)
    record_step(withdrawal, "screened-again", before=_State.ON_HOLD, now=now)
    enqueue_on_commit("payments.screen_withdrawal", withdrawal_id=withdrawal.pk)
    return withdrawal


def _of(player_id: int, state: str) -> list[int]:
    rows = Withdrawal.objects.filter(player_id=player_id, state=state).order_by("pk")
    return list(rows.values_list("pk", flat=True))
