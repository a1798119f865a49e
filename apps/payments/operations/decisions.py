"""What staff decide on withdrawals: approve, reject, hold, release. Nobody counts twice."""

import hashlib
import json
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.payments.models import Approval, Withdrawal
from apps.payments.operations import postings
from apps.payments.operations.screening import policy_of
from apps.payments.operations.steps import PaymentUnknown, lock_withdrawal, record_step
from apps.payments.queue import enqueue_on_commit

APPROVE_PERMISSION = "payments.approve_withdrawal"
HOLD_PERMISSION = "payments.hold_withdrawal"


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


class ReasonMissing(DomainError):
    """A rejection or hold says why."""

    code = "reason-missing"
    title = "A reason is needed"
    status = 422


@transaction.atomic
def approve_withdrawal(*, withdrawal_id: int, digest: str, actor: User, note: str, now: datetime) -> Withdrawal:
    """
    Say yes to a withdrawal; above the tier, or against a check, a second person's yes is needed before it goes out.

    :param digest: of what the actor was shown (`digest_of`)
    :raises PermissionDenied: if the actor may not
    :raises WithdrawalNotOpen: if it is not in review
    :raises WithdrawalChanged: if its terms are not those shown
    :raises WithdrawalSecondPerson: if the actor approved it before, or changed its instrument
    """
    withdrawal = _lock(withdrawal_id, actor, APPROVE_PERMISSION)
    if withdrawal.state != Withdrawal.State.IN_REVIEW:
        raise WithdrawalNotOpen
    if digest != digest_of(withdrawal):
        raise WithdrawalChanged
    editor = withdrawal.instrument.changed_by_id if withdrawal.instrument else None
    given = Approval.objects.filter(withdrawal=withdrawal, digest=digest)
    if editor == actor.pk or given.filter(approver=actor).exists():
        raise WithdrawalSecondPerson
    Approval.objects.create(withdrawal=withdrawal, approver=actor, digest=digest, note=note.strip(), at=now)
    before = withdrawal.state
    if given.count() >= people_needed(withdrawal):
        withdrawal.approve(at=now)
        withdrawal.save(update_fields=["state", "approved_at", "player_reason", "changed_at"])
        enqueue_on_commit("payments.submit_withdrawal", withdrawal_id=withdrawal.pk)
    record_step(withdrawal, "approved", before=before, now=now, actor=actor, note=note.strip(), digest=digest)
    return withdrawal


@transaction.atomic
def reject_withdrawal(*, withdrawal_id: int, reason_code: str, note: str, actor: User, now: datetime) -> Withdrawal:
    """
    Turn a withdrawal down: the player has the money back.

    :raises WithdrawalNotOpen: once it is approved
    :raises ReasonMissing: without one
    """
    withdrawal = _lock(withdrawal_id, actor, APPROVE_PERMISSION)
    if not reason_code:
        raise ReasonMissing
    before = withdrawal.state
    if before not in Withdrawal.AWAITING_STAFF:
        raise WithdrawalNotOpen
    made = postings.post_released(withdrawal, now=now)
    withdrawal.reject(reason_code=reason_code, at=now)
    withdrawal.save(update_fields=["state", "reason_code", "changed_at", "closed_at"])
    record_step(
        withdrawal, "rejected", before=before, now=now, transaction_id=made, actor=actor, reason=reason_code, note=note
    )
    return withdrawal


@transaction.atomic
def hold_withdrawal(*, withdrawal_id: int, reason_code: str, note: str, actor: User, now: datetime) -> Withdrawal:
    """
    Take a withdrawal out of review until something has happened. The player is told nothing of the reason.

    :raises WithdrawalNotOpen: if it is not in review
    :raises ReasonMissing: without one
    """
    withdrawal = _lock(withdrawal_id, actor, HOLD_PERMISSION)
    if not reason_code:
        raise ReasonMissing
    if withdrawal.state != Withdrawal.State.IN_REVIEW:
        raise WithdrawalNotOpen
    withdrawal.hold(reason_code=reason_code, player_reason="", at=now)
    withdrawal.save(update_fields=["state", "reason_code", "player_reason", "changed_at"])
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
    withdrawal.save(update_fields=["state", "needs_override", "player_reason", "changed_at"])
    record_step(withdrawal, "released-to-review", before=Withdrawal.State.ON_HOLD, now=now, actor=actor, note=note)
    return withdrawal


def people_needed(withdrawal: Withdrawal) -> int:
    """How many have to say yes: one below the tier of four eyes, else two."""
    policy = policy_of(withdrawal)
    is_small = policy is not None and withdrawal.amount_units < policy.four_eyes_units
    return 1 if is_small and not withdrawal.needs_override else 2


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
    return withdrawal
