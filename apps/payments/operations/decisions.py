"""What staff decide on withdrawals: approve, reject, hold, release. Nobody counts twice."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.payments.models import Approval, Check, InstrumentEvent, Withdrawal
from apps.payments.operations import postings
from apps.payments.operations.claims import drop_claim, require_not_held_by_another
from apps.payments.operations.reasons import reason_of
from apps.payments.operations.screening import policy_of
from apps.payments.operations.steps import PaymentUnknown, lock_withdrawal, record_step

APPROVE_PERMISSION = "payments.approve_withdrawal"
HOLD_PERMISSION = "payments.hold_withdrawal"
# Within this time of its last change by staff an instrument needs a second pair of eyes.
FRESHLY_CHANGED = timedelta(hours=72)
MOST_AT_ONCE = 100


# What a transition, its clock and its holder may change.
_MOVED = ["state", "changed_at", "due_at", "clock_stopped_at", "holder", "held_since"]


class WithdrawalNotOpen(DomainError):
    """The withdrawal is not where this decision could be taken; somebody may have been quicker."""

    code = "withdrawal-not-open"
    title = "The withdrawal can not be decided now"
    status = 409


class WithdrawalChanged(DomainError):
    """Its amount, destination or provider are not those that were shown."""

    code = "withdrawal-changed"
    title = "The withdrawal is not the one shown"
    status = 409


class WithdrawalSecondPerson(DomainError):
    """The same person has approved it already, or has changed the instrument it goes to."""

    code = "withdrawal-second-person"
    title = "A second person has to decide"
    status = 403


class NotSafeInBulk(DomainError):
    """It needs a person's look: a check did not pass, or the amount needs two people."""

    code = "not-safe-in-bulk"
    title = "This one has to be looked at by itself"
    status = 409


@transaction.atomic
def approve_withdrawal(
    *, withdrawal_id: int, digest: str, actor: User, note: str, now: datetime, reason_code: str = "in-order"
) -> Withdrawal:
    """
    Say yes to a withdrawal; above the tier, or against a check, a second person's yes is needed before it goes out.

    :param digest: of what the actor was shown (`digest_of`)
    :raises PermissionDenied: if the actor may not
    :raises WithdrawalNotOpen: if it is not in review
    :raises WithdrawalChanged: if its terms are not those shown
    :raises WithdrawalHeld: if somebody else works on it
    :raises WithdrawalSecondPerson: if the actor approved it before, or changed its instrument
    :raises ReasonMissing: for a reason that the list does not have
    """
    withdrawal = _lock(withdrawal_id, actor, APPROVE_PERMISSION)
    reason_of("approve", reason_code)
    if withdrawal.state != Withdrawal.State.IN_REVIEW:
        raise WithdrawalNotOpen
    if digest != digest_of(withdrawal):
        raise WithdrawalChanged
    given = Approval.objects.filter(withdrawal=withdrawal, digest=digest)
    if actor.pk in editors_of(withdrawal) or given.filter(approver=actor).exists():
        raise WithdrawalSecondPerson
    Approval.objects.create(withdrawal=withdrawal, approver=actor, digest=digest, note=note.strip(), at=now)
    before = withdrawal.state
    drop_claim(withdrawal)
    if given.count() >= people_needed(withdrawal):
        withdrawal.approve(at=now)
        enqueue_on_commit("payments.submit_withdrawal", withdrawal_id=withdrawal.pk)
    withdrawal.save(update_fields=["state", "approved_at", "player_reason", "changed_at", "holder", "held_since"])
    record_step(
        withdrawal, "approved", before=before, now=now, actor=actor, note=note.strip(), digest=digest,
        reason=reason_code,
    )  # fmt: skip
    return withdrawal


def approve_together(
    *, shown: Iterable[tuple[int, str]], actor: User, note: str, now: datetime
) -> list[tuple[int, DomainError | None]]:
    """
    Approve several withdrawals that need no second look, each by itself; returns what was refused, and why.

    :param shown: id and digest of each, as the actor was shown them; at most a hundred
    :raises PermissionDenied: if the actor may not approve at all
    """
    results: list[tuple[int, DomainError | None]] = []
    for withdrawal_id, digest in list(shown)[:MOST_AT_ONCE]:
        try:
            _approve_if_safe(withdrawal_id, digest, actor=actor, note=note, now=now)
        except DomainError as refusal:
            results.append((withdrawal_id, refusal))
        else:
            results.append((withdrawal_id, None))
    return results


@transaction.atomic
def _approve_if_safe(withdrawal_id: int, digest: str, *, actor: User, note: str, now: datetime) -> None:
    withdrawal = _lock(withdrawal_id, actor, APPROVE_PERMISSION)
    if not is_safe_in_bulk(withdrawal):
        raise NotSafeInBulk
    approve_withdrawal(withdrawal_id=withdrawal_id, digest=digest, actor=actor, note=note, now=now)


def is_safe_in_bulk(withdrawal: Withdrawal) -> bool:
    """Whether every check passed, one person is enough, and nobody has held it before."""
    if withdrawal.state != Withdrawal.State.IN_REVIEW or withdrawal.needs_override or people_needed(withdrawal) != 1:
        return False
    results = set(withdrawal.checks.values_list("result", flat=True))
    return results == {Check.Result.PASSED}


@transaction.atomic
def reject_withdrawal(*, withdrawal_id: int, reason_code: str, note: str, actor: User, now: datetime) -> Withdrawal:
    """
    Turn a withdrawal down: the player has the money back.

    :raises WithdrawalNotOpen: once it is approved
    :raises ReasonMissing: without a reason from the list
    """
    withdrawal = _lock(withdrawal_id, actor, APPROVE_PERMISSION)
    reason = reason_of("reject", reason_code)
    before = withdrawal.state
    if before not in Withdrawal.AWAITING_STAFF:
        raise WithdrawalNotOpen
    made = postings.post_released(withdrawal, now=now)
    withdrawal.reject(reason_code=reason_code, at=now)
    withdrawal.player_reason = reason.player_reason
    drop_claim(withdrawal)
    withdrawal.save(update_fields=[*_MOVED, "reason_code", "player_reason", "closed_at"])
    record_step(
        withdrawal, "rejected", before=before, now=now, transaction_id=made, actor=actor, reason=reason_code, note=note
    )
    return withdrawal


@transaction.atomic
def hold_withdrawal(*, withdrawal_id: int, reason_code: str, note: str, actor: User, now: datetime) -> Withdrawal:
    """
    Take a withdrawal out of review until something has happened.

    What the player is told of the reason, if anything, and whether the clock stands meanwhile, the reason says.

    :raises WithdrawalNotOpen: if it is not in review
    :raises ReasonMissing: without a reason from the list
    """
    withdrawal = _lock(withdrawal_id, actor, HOLD_PERMISSION)
    reason = reason_of("hold", reason_code)
    if withdrawal.state != Withdrawal.State.IN_REVIEW:
        raise WithdrawalNotOpen
    withdrawal.hold(reason_code=reason_code, player_reason=reason.player_reason, at=now)
    if reason.waits_for_player:
        withdrawal.stop_clock(at=now)
    drop_claim(withdrawal)
    withdrawal.save(update_fields=[*_MOVED, "reason_code", "player_reason"])
    record_step(
        withdrawal, "held", before=Withdrawal.State.IN_REVIEW, now=now, actor=actor, reason=reason_code, note=note
    )
    return withdrawal


@transaction.atomic
def release_to_review(*, withdrawal_id: int, note: str, actor: User, now: datetime) -> Withdrawal:
    """
    Bring a held withdrawal to those who decide. A held one is an override: two people have to agree.

    :raises WithdrawalNotOpen: if it is not on hold
    """
    withdrawal = _lock(withdrawal_id, actor, HOLD_PERMISSION)
    if withdrawal.state != Withdrawal.State.ON_HOLD:
        raise WithdrawalNotOpen
    withdrawal.needs_override = True
    withdrawal.send_to_review(at=now)
    withdrawal.save(update_fields=[*_MOVED, "needs_override", "player_reason"])
    record_step(withdrawal, "released-to-review", before=Withdrawal.State.ON_HOLD, now=now, actor=actor, note=note)
    return withdrawal


def people_needed(withdrawal: Withdrawal) -> int:
    """How many have to say yes: two from the tier of four eyes on, against a check, and on a changed instrument."""
    policy = policy_of(withdrawal)
    is_small = policy is not None and withdrawal.amount_units < policy.four_eyes_units
    return 1 if is_small and not withdrawal.needs_override and not is_changed(withdrawal) else 2


def is_changed(withdrawal: Withdrawal) -> bool:
    """Whether what it goes to was changed after it was asked for, or by staff in the three days before."""
    instrument = withdrawal.instrument
    if instrument is None:
        return False
    lately = withdrawal.requested_at - FRESHLY_CHANGED
    return instrument.changed_at > withdrawal.requested_at or (
        instrument.changed_by_id is not None and instrument.changed_at > lately
    )


def editors_of(withdrawal: Withdrawal) -> set[int]:
    """Who changed the instrument, last or in the days before it was asked for: they do not approve."""
    instrument = withdrawal.instrument
    if instrument is None:
        return set()
    recent = InstrumentEvent.objects.filter(
        instrument=instrument, actor__isnull=False, at__gte=withdrawal.requested_at - FRESHLY_CHANGED
    )
    found = set(recent.values_list("actor_id", flat=True))
    return found | ({instrument.changed_by_id} if instrument.changed_by_id is not None else set())


def digest_of(withdrawal: Withdrawal) -> str:
    """SHA-256, in hex, over what an approval is given to: amount, currency, destination, provider."""
    instrument = withdrawal.instrument
    terms = {
        "id": str(withdrawal.public_id),
        "amount_units": withdrawal.amount_units,
        "currency": withdrawal.currency,
        "instrument": str(instrument.public_id) if instrument else "",
        "destination": instrument.token if instrument else "",
        "changed_at": instrument.changed_at.isoformat() if instrument else "",
        "method": withdrawal.method_id,
        "integration": withdrawal.integration_id,
    }
    return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _lock(withdrawal_id: int, actor: User, permission: str) -> Withdrawal:
    if not actor.has_perm(permission):
        raise PermissionDenied
    withdrawal = lock_withdrawal(withdrawal_id)
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=withdrawal.brand_id).exists()):
        raise PaymentUnknown
    require_not_held_by_another(withdrawal, actor)
    return withdrawal
