"""
Changes of a balance by hand, as two people agreed to them: their terms, and the posting.

Who asks whom stands above: the request is one of compliance's approvals, `apps/payments/operations/adjustments.py`.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.request_context import current_request_id
from apps.players.models import Player
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account
from apps.wallets.models import Adjustment

PROPOSE_PERMISSION = "wallets.propose_adjustment"
APPROVE_PERMISSION = "wallets.approve_adjustment"
_SHORTEST_NOTE = 10


class AdjustmentNotSound(DomainError):
    """The proposal lacks something: a player, an amount, a currency of the brand, a note that explains it."""

    code = "adjustment-not-sound"
    title = "The adjustment can not be proposed like that"
    status = 422


class AdjustmentMade(DomainError):
    """It has been posted already."""

    code = "adjustment-made"
    title = "The adjustment has been posted"
    status = 409


@dataclass(frozen=True, slots=True)
class AdjustmentTerms:
    """What is asked for, and agreed to. `money` is signed: above zero the player gets it, below he pays."""

    public_id: UUID
    player_id: int
    money: Money
    bucket: str
    reason: str
    note: str


def require_sound(terms: AdjustmentTerms) -> Player:
    """
    Return whose balance it is.

    :raises AdjustmentNotSound: if player, amount, currency, bucket, reason or note make no sense
    :raises AdjustmentMade: if it has been posted
    """
    player = Player.objects.filter(pk=terms.player_id).select_related("brand").first()
    if player is None:
        raise AdjustmentNotSound("There is no such player.")
    if not terms.money:
        raise AdjustmentNotSound("An adjustment moves something.")
    if terms.bucket not in Adjustment.Bucket.values or terms.reason not in Adjustment.Reason.values:
        raise AdjustmentNotSound("Unknown bucket or reason.")
    if len(terms.note.strip()) < _SHORTEST_NOTE:
        raise AdjustmentNotSound(f"The note explains the adjustment in {_SHORTEST_NOTE} characters or more.")
    if not player.brand.currencies.filter(code=terms.money.currency).exists():
        raise AdjustmentNotSound(f"{player.brand.code} does not keep books in {terms.money.currency}.")
    if Adjustment.objects.filter(public_id=terms.public_id).exists():
        raise AdjustmentMade
    return player


@transaction.atomic
def post_adjustment(
    *, terms: AdjustmentTerms, maker: User, checker: User, asked_at: datetime, now: datetime
) -> Adjustment:
    """
    Post what two people agreed to, once; the database holds that they are two.

    :param asked_at: when the first of them asked
    :raises AdjustmentNotSound: as `require_sound`
    :raises AdjustmentMade: if it has been posted
    :raises InsufficientFunds: if the player does not have what he is to pay
    """
    player = require_sound(terms)
    made = Adjustment.objects.create(
        public_id=terms.public_id,
        player=player,
        brand_id=player.brand_id,
        currency=terms.money.currency,
        bucket=terms.bucket,
        amount_units=terms.money.units,
        reason=terms.reason,
        note=terms.note.strip(),
        payload_digest=digest_of(terms),
        proposed_by=maker,
        proposed_at=asked_at,
        decided_by=checker,
        decided_at=now,
        request_id=current_request_id(),
    )
    # What may keep the player's money where it is looks at the record.
    made.transaction_id = _post(made, now)
    made.save(update_fields=["transaction_id"])
    return made


def digest_of(terms: AdjustmentTerms) -> str:
    """SHA-256 over the terms, in hex; it goes into the ledger with the posting."""
    told = {
        "id": str(terms.public_id),
        "player": terms.player_id,
        "currency": terms.money.currency,
        "bucket": terms.bucket,
        "amount_units": terms.money.units,
        "reason": terms.reason,
        "note": terms.note.strip(),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _post(made: Adjustment, now: datetime) -> UUID:
    accounts = open_player_accounts(player_id=made.player_id, brand_id=made.brand_id, currency=made.currency)
    ours = shared_account(brand_id=made.brand_id, currency=made.currency, kind=AccountKind.ADJUSTMENT.value)
    theirs, amount = accounts.of(made.bucket), made.amount_units
    return post(
        kind=TransactionKind.ADJUSTMENT,
        brand_id=made.brand_id,
        currency=made.currency,
        player_id=made.player_id,
        legs=[Leg(ours, theirs, amount) if amount > 0 else Leg(theirs, ours, -amount)],
        details={
            "adjustment": str(made.public_id),
            "reason": made.reason,
            "proposed_by": made.proposed_by.get_username(),
            "approved_by": made.decided_by.get_username() if made.decided_by else "",
            "digest": made.payload_digest,
        },
        now=now,
    )
