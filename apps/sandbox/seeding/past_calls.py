"""Demo data: wallet calls of the past, as a vendor would have made them: posted, logged and answered."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.core.ids import token_digest, uuid7
from apps.core.money import Money
from apps.integrations import exchange_log
from apps.integrations.exchange_records import ReplyRecord
from apps.integrations.models import Integration
from apps.providers.commands import fingerprint
from apps.providers.models import Game
from apps.providers.wallet_calls import WalletCall, post_call


@dataclass(frozen=True, slots=True)
class PastSeat:
    """A player at a game of a connection."""

    integration: Integration
    game: Game
    currency: str
    token: str


def bet_at(at: datetime, seat: PastSeat, *, round_ref: str, key: str, stake: Money) -> bool:
    """Bet; False if it was refused."""
    return _call(at, seat, "debit", round_ref=round_ref, key=key, amount=stake)


def win_at(at: datetime, seat: PastSeat, *, round_ref: str, key: str, bet: str, prize: Money) -> bool:
    """Settle a bet and close its round; False if it was refused."""
    return _call(at, seat, "credit", round_ref=round_ref, key=key, amount=prize, reference=bet)


def _call(
    at: datetime, seat: PastSeat, verb: str, *, round_ref: str, key: str, amount: Money, reference: str | None = None
) -> bool:
    call = WalletCall(
        request_id=uuid7(),
        integration_id=seat.integration.pk,
        verb=verb,
        kind="bet" if verb == "debit" else "win",
        token="\\x" + token_digest(seat.token).hex(),
        key=key,
        fingerprint=fingerprint(verb, key),
        reference=reference,
        game_code=seat.game.code,
        round_ref=round_ref,
        close_round=verb == "credit",
        currency=seat.currency,
        amount=amount.units,
        quantum=10_000,
        ignores_expiry=True,
        needs_reference=verb == "credit",
        now=at,
        started_at=at,
        method="POST",
        path=f"/providers/{seat.integration.slug}/history",
        headers={},
        body="{}",
    )
    reply = post_call(call)
    # Without it the log would say that we never answered, and the watch would take the vendor for broken.
    answer = ReplyRecord(call.request_id, 200, {}, b"{}", 2_000, verb=call.kind, outcome=reply.outcome, refs=(key,))
    transaction.on_commit(lambda: exchange_log.record(None, answer))
    return reply.outcome == "applied"
