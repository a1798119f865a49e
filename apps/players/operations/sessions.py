"""Sessions of players: opened by a log-in, used, and ended by the player, by staff or by time."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from apps.core.ids import new_token, token_digest
from apps.players.caller import Caller
from apps.players.models import Player, PlayerSession
from apps.players.queries import live_sessions

# last_seen_at may be this far behind: one write a minute, not one a request.
SEEN_INTERVAL = timedelta(minutes=1)


def open_session(*, player: Player, caller: Caller, now: datetime) -> tuple[PlayerSession, str]:
    """Start a session and return it with its token, which is not stored and cannot be had again."""
    token = new_token()
    session = PlayerSession.objects.create(
        player=player,
        token_digest=token_digest(token),
        created_at=now,
        expires_at=now + timedelta(seconds=settings.PLAYER_SESSION_SECONDS),
        last_seen_at=now,
        remote_address=caller.remote_address,
        user_agent=caller.user_agent,
        device=caller.device,
    )
    return session, token


def note_use(*, session: PlayerSession, now: datetime) -> None:
    """Record that a session is in use, at most once a minute."""
    if session.last_seen_at > now - SEEN_INTERVAL:
        return
    # The condition again: of requests that come together, one writes.
    stale = PlayerSession.objects.filter(pk=session.pk, last_seen_at__lte=now - SEEN_INTERVAL)
    stale.update(last_seen_at=now)
    session.last_seen_at = now


def log_out(*, session: PlayerSession, now: datetime) -> None:
    """End the session the player is using."""
    PlayerSession.objects.filter(pk=session.pk, revoked_at=None).update(revoked_at=now, revoked_reason="logged-out")


def end_session(*, session: PlayerSession, reason: str, now: datetime) -> None:
    """End one session for a reason of ours, a slug."""
    PlayerSession.objects.filter(pk=session.pk, revoked_at=None).update(revoked_at=now, revoked_reason=reason)


def revoke_session(*, player_id: int, public_id: UUID, now: datetime) -> bool:
    """End one of a player's live sessions at the player's wish; False where there is no such session."""
    session = live_sessions(player_id, now).filter(public_id=public_id)
    return session.update(revoked_at=now, revoked_reason="revoked-by-player") > 0


def end_sessions(*, player_id: int, reason: str, now: datetime) -> int:
    """
    End every live session of a player and return how many there were.

    :param reason: a slug, e.g. ``suspended``
    """
    return live_sessions(player_id, now).update(revoked_at=now, revoked_reason=reason)
