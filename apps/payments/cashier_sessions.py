"""Sessions with which a calling cashier asks about a player."""

from datetime import datetime, timedelta

from apps.core.ids import new_token, token_digest
from apps.payments.models import CashierSession
from apps.players.models import Player

LIFETIME = timedelta(hours=2)


def open_cashier_session(*, player: Player, integration_id: int, now: datetime) -> str:
    """Let a cashier ask about a player for two hours; returns the token, which is stored nowhere in clear."""
    token = new_token()
    CashierSession.objects.create(
        integration_id=integration_id,
        player=player,
        token_digest=token_digest(token),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return token


def player_of_cashier_session(token: str, *, integration_id: int, now: datetime) -> Player | None:
    """Return the player behind a session that is still alive, else None."""
    found = (
        CashierSession.objects.filter(
            token_digest=token_digest(token), integration_id=integration_id, expires_at__gt=now
        )
        .select_related("player__brand")
        .first()
    )
    return found.player if found else None
