"""Who works on which withdrawal: taken from the queue, given back, given to somebody else. One holder at a time."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.payments.models import Withdrawal
from apps.payments.operations.steps import PaymentUnknown, lock_withdrawal, record_step

CLAIM_PERMISSION = "payments.claim_withdrawal"
REASSIGN_PERMISSION = "payments.reassign_withdrawal"
_QUEUE = (*Withdrawal.AWAITING_STAFF, Withdrawal.State.UNKNOWN)


class QueueEmpty(DomainError):
    """Nothing waits for a decision that nobody holds and this person may decide."""

    code = "queue-empty"
    title = "Nothing waits for a decision"
    status = 404


class WithdrawalHeld(DomainError):
    """Somebody else works on it."""

    code = "withdrawal-held"
    title = "Somebody else works on this withdrawal"
    status = 409


@transaction.atomic
def claim_next(*, actor: User, now: datetime) -> Withdrawal:
    """
    Take the withdrawal that is due first and that nobody holds. Two who ask at once get two.

    What the actor has approved already waits for somebody else, and is passed over.

    :raises QueueEmpty: if there is none
    """
    _require(actor, CLAIM_PERMISSION)
    rows = Withdrawal.objects.filter(state__in=_QUEUE, holder=None).exclude(approvals__approver=actor)
    if not actor.is_superuser:
        rows = rows.filter(brand__in=StaffScope.objects.filter(user=actor).values("brand"))
    # Those that wait for their player are not to be decided yet.
    due = rows.filter(clock_stopped_at=None).order_by("due_at", "pk")
    found = due.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
    if found is None:
        raise QueueEmpty
    return _hold(found, actor, "claimed", actor, now)


@transaction.atomic
def claim_withdrawal(*, withdrawal_id: int, actor: User, now: datetime) -> Withdrawal:
    """
    Take one withdrawal; taking what one holds changes nothing.

    :raises WithdrawalHeld: if somebody else has it
    """
    _require(actor, CLAIM_PERMISSION)
    withdrawal = _locked(withdrawal_id, actor)
    if withdrawal.holder_id == actor.pk:
        return withdrawal
    require_not_held_by_another(withdrawal, actor)
    if withdrawal.state not in _QUEUE:
        raise QueueEmpty("It waits for no decision.")
    return _hold(withdrawal, actor, "claimed", actor, now)


@transaction.atomic
def release_claim(*, withdrawal_id: int, actor: User, now: datetime) -> Withdrawal:
    """
    Give a withdrawal back to the queue.

    :raises WithdrawalHeld: if somebody else has it
    """
    _require(actor, CLAIM_PERMISSION)
    withdrawal = _locked(withdrawal_id, actor)
    require_not_held_by_another(withdrawal, actor)
    if withdrawal.holder_id is None:
        return withdrawal
    return _hold(withdrawal, None, "unclaimed", actor, now)


@transaction.atomic
def reassign_withdrawal(*, withdrawal_id: int, to: User, note: str, actor: User, now: datetime) -> Withdrawal:
    """
    Give a withdrawal to somebody else, whoever holds it.

    :raises PermissionDenied: if the actor may not, or the other one could not decide it
    """
    _require(actor, REASSIGN_PERMISSION)
    withdrawal = _locked(withdrawal_id, actor)
    if not (to.is_active and to.has_perm(CLAIM_PERMISSION) and _sees(to, withdrawal)):
        raise PermissionDenied
    if withdrawal.state not in _QUEUE:
        raise QueueEmpty("It waits for no decision.")
    return _hold(withdrawal, to, "reassigned", actor, now, note=note)


def require_not_held_by_another(withdrawal: Withdrawal, actor: User) -> None:
    """
    Keep two people from deciding past each other.

    :raises WithdrawalHeld: if somebody else works on it
    """
    if withdrawal.holder_id is not None and withdrawal.holder_id != actor.pk:
        holder = withdrawal.holder
        raise WithdrawalHeld(f"{holder} has it since {withdrawal.held_since:%Y-%m-%d %H:%M} UTC." if holder else "")


def drop_claim(withdrawal: Withdrawal) -> None:
    """Let go of a locked withdrawal on which its holder has done his part; saved by the caller."""
    withdrawal.holder, withdrawal.held_since = None, None


def _hold(
    withdrawal: Withdrawal, holder: User | None, name: str, actor: User, now: datetime, note: str = ""
) -> Withdrawal:
    withdrawal.holder, withdrawal.held_since = holder, now if holder is not None else None
    withdrawal.save(update_fields=["holder", "held_since"])
    record_step(
        withdrawal, name, before=withdrawal.state, now=now, actor=actor, to=holder.username if holder else "", note=note
    )
    return withdrawal


def _require(actor: User, permission: str) -> None:
    if not actor.has_perm(permission):
        raise PermissionDenied


def _locked(withdrawal_id: int, actor: User) -> Withdrawal:
    withdrawal = lock_withdrawal(withdrawal_id)
    if not _sees(actor, withdrawal):
        raise PaymentUnknown
    return withdrawal


def _sees(user: User, withdrawal: Withdrawal) -> bool:
    return user.is_superuser or StaffScope.objects.filter(user=user, brand_id=withdrawal.brand_id).exists()
