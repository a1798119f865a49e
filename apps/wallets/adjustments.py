"""Changes of a balance by hand: proposing, approving, rejecting, expiring. Nobody does two of these parts alone."""

import hashlib
import json
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.request_context import current_request_id
from apps.players.models import Player
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account
from apps.wallets.models import Adjustment

PROPOSE_PERMISSION = "wallets.propose_adjustment"
APPROVE_PERMISSION = "wallets.approve_adjustment"
LIFETIME = timedelta(hours=24)
_SHORTEST_NOTE = 10
_DECISION = ("state", "decided_by", "decided_at", "decision_note", "transaction_id")


class AdjustmentUnknown(DomainError):
    """There is no such adjustment, or the member of staff does not serve its brand."""

    code = "adjustment-unknown"
    title = "Unknown adjustment"
    status = 404


class AdjustmentNotSound(DomainError):
    """The proposal lacks something: an amount, a currency of the brand, a note that explains it."""

    code = "adjustment-not-sound"
    title = "The adjustment can not be proposed like that"
    status = 422


class AdjustmentSecondPerson(DomainError):
    """Whoever proposed an adjustment does not decide on it. There is no exception, not for superusers either."""

    code = "adjustment-second-person"
    title = "A second person has to decide"
    status = 403


class AdjustmentDecided(DomainError):
    """The adjustment has been decided, or has expired, already."""

    code = "adjustment-decided"
    title = "The adjustment has been decided"
    status = 409


class AdjustmentExpired(DomainError):
    """Nobody decided in time; it has to be proposed again."""

    code = "adjustment-expired"
    title = "The adjustment has expired"
    status = 409


class AdjustmentChanged(DomainError):
    """What is to be posted is not what the second person has seen."""

    code = "adjustment-changed"
    title = "The adjustment is not the one shown"
    status = 409


@transaction.atomic
def propose_adjustment(
    *, player_id: int, money: Money, bucket: str, reason: str, note: str, actor: User, now: datetime
) -> Adjustment:
    """
    Ask a colleague to change a player's balance; nothing moves yet.

    :param money: signed: above zero the player gets it, below he pays
    :raises PermissionDenied: if the actor may not propose adjustments
    :raises AdjustmentUnknown: if the actor does not serve the player's brand, or there is no such player
    :raises AdjustmentNotSound: if amount, currency, bucket, reason or note make no sense
    """
    _require(actor, PROPOSE_PERMISSION)
    player = Player.objects.filter(pk=player_id).select_related("brand").first()
    if player is None or not _serves(actor, player.brand_id):
        raise AdjustmentUnknown
    _require_sound(player, money, bucket, reason, note)
    adjustment = Adjustment(
        player=player,
        brand_id=player.brand_id,
        currency=money.currency,
        bucket=bucket,
        amount_units=money.units,
        reason=reason,
        note=note.strip(),
        proposed_by=actor,
        proposed_at=now,
        expires_at=now + LIFETIME,
        request_id=current_request_id(),
    )
    adjustment.payload_digest = digest_of(adjustment)
    adjustment.save(force_insert=True)
    return adjustment


@transaction.atomic
def approve_adjustment(
    *, adjustment_id: int, payload_digest: str, actor: User, now: datetime, note: str = ""
) -> Adjustment:
    """
    Post a colleague's adjustment. Everything is looked at again, under the lock of the request.

    :param payload_digest: of what the actor was shown, so that he decides on nothing else
    :raises PermissionDenied: if the actor may not decide
    :raises AdjustmentSecondPerson: if the actor proposed it
    :raises AdjustmentDecided: if it has been decided
    :raises AdjustmentExpired: if its time is over
    :raises AdjustmentChanged: if its terms are not those shown
    :raises InsufficientFunds: if the player does not have what he is to pay; the proposal goes on waiting
    """
    adjustment = _lock_proposal(adjustment_id, actor)
    if now >= adjustment.expires_at:
        raise AdjustmentExpired
    if not payload_digest == adjustment.payload_digest == digest_of(adjustment):
        raise AdjustmentChanged
    transaction_id = _post(adjustment, actor, now)
    adjustment.post(by=actor, at=now, note=note.strip(), transaction_id=transaction_id)
    adjustment.save(update_fields=_DECISION)
    return adjustment


@transaction.atomic
def reject_adjustment(*, adjustment_id: int, note: str, actor: User, now: datetime) -> Adjustment:
    """
    Turn a colleague's adjustment down.

    :raises PermissionDenied: if the actor may not decide
    :raises AdjustmentSecondPerson: if the actor proposed it
    :raises AdjustmentDecided: if it has been decided
    :raises AdjustmentNotSound: if the note does not say why
    """
    adjustment = _lock_proposal(adjustment_id, actor)
    if not note.strip():
        raise AdjustmentNotSound("A rejection says why.")
    adjustment.reject(by=actor, at=now, note=note.strip())
    adjustment.save(update_fields=_DECISION)
    return adjustment


def expire_adjustments(*, now: datetime) -> int:
    """Close proposals that nobody decided in time; returns how many. Skips those being decided at this moment."""
    expired = 0
    with transaction.atomic():
        waiting = Adjustment.objects.select_for_update(skip_locked=True, no_key=True).filter(
            state=Adjustment.State.PROPOSED, expires_at__lte=now
        )
        for adjustment in waiting.order_by("pk"):
            adjustment.expire(at=now)
            adjustment.save(update_fields=_DECISION)
            expired += 1
    return expired


def digest_of(adjustment: Adjustment) -> str:
    """SHA-256 over the terms of an adjustment, in hex."""
    terms = {
        "id": str(adjustment.public_id),
        "player": adjustment.player_id,
        "brand": adjustment.brand_id,
        "currency": adjustment.currency,
        "bucket": str(adjustment.bucket),
        "amount_units": adjustment.amount_units,
        "reason": str(adjustment.reason),
        "note": adjustment.note,
        "proposed_by": adjustment.proposed_by_id,
        "expires_at": adjustment.expires_at.isoformat(),
    }
    return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _post(adjustment: Adjustment, checker: User, now: datetime) -> UUID:
    accounts = open_player_accounts(
        player_id=adjustment.player_id, brand_id=adjustment.brand_id, currency=adjustment.currency
    )
    ours = shared_account(brand_id=adjustment.brand_id, currency=adjustment.currency, kind=AccountKind.ADJUSTMENT.value)
    theirs, amount = accounts.of(adjustment.bucket), adjustment.amount_units
    return post(
        kind=TransactionKind.ADJUSTMENT,
        brand_id=adjustment.brand_id,
        currency=adjustment.currency,
        player_id=adjustment.player_id,
        legs=[Leg(ours, theirs, amount) if amount > 0 else Leg(theirs, ours, -amount)],
        details={
            "adjustment": str(adjustment.public_id),
            "reason": str(adjustment.reason),
            "proposed_by": adjustment.proposed_by.get_username(),
            "approved_by": checker.get_username(),
            "digest": adjustment.payload_digest,
        },
        now=now,
    )


def _lock_proposal(adjustment_id: int, actor: User) -> Adjustment:
    _require(actor, APPROVE_PERMISSION)
    adjustment = Adjustment.objects.select_for_update(no_key=True).filter(pk=adjustment_id).first()
    if adjustment is None or not _serves(actor, adjustment.brand_id):
        raise AdjustmentUnknown
    if adjustment.state != Adjustment.State.PROPOSED:
        raise AdjustmentDecided
    if adjustment.proposed_by_id == actor.pk:
        raise AdjustmentSecondPerson
    return adjustment


def _require(actor: User, permission: str) -> None:
    if not actor.has_perm(permission):
        raise PermissionDenied


def _serves(actor: User, brand_id: int) -> bool:
    return actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=brand_id).exists()


def _require_sound(player: Player, money: Money, bucket: str, reason: str, note: str) -> None:
    if not money:
        raise AdjustmentNotSound("An adjustment moves something.")
    if bucket not in Adjustment.Bucket.values or reason not in Adjustment.Reason.values:
        raise AdjustmentNotSound("Unknown bucket or reason.")
    if len(note.strip()) < _SHORTEST_NOTE:
        raise AdjustmentNotSound(f"The note explains the adjustment in {_SHORTEST_NOTE} characters or more.")
    if not player.brand.currencies.filter(code=money.currency).exists():
        raise AdjustmentNotSound(f"{player.brand.code} does not keep books in {money.currency}.")
