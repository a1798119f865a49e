"""Game sessions: opening one with its token, exchanging the token, ending it. Launching a game is in `launch`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from apps.core.errors import DomainError
from apps.core.ids import new_token, token_digest
from apps.integrations.models import Integration
from apps.integrations.outbox import record_fact
from apps.players.models import Player, PlayerSession
from apps.providers.models import Game, GameSession, GameSessionToken
from apps.safer_play.guarding import lock_player_with_law, refresh_guard
from apps.safer_play.rules import one_game_at_a_time
from apps.transactions.models import AccountKind
from apps.transactions.posting import shared_account
from apps.wallets.operations import open_wallet

DEFAULT_LIFETIME = timedelta(hours=12)
# The answer to an exchange may be lost on its way: for so long the old token may be exchanged once more.
EXCHANGE_GRACE = timedelta(seconds=30)
# As 40 URL-safe characters, the most that a protocol takes (Valkyrie: 32 to 40).
_TOKEN_BYTES = 30


class GameTokenUnknown(DomainError):
    """No game session of this integration goes by that token, or the token was exchanged for a newer one."""

    code = "game-token-unknown"
    title = "Unknown game token"
    status = 404


class GameSessionOver(DomainError):
    """The game session has ended or expired; the player has to launch the game again."""

    code = "game-session-over"
    title = "The game session is over"
    status = 410


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session and its token, which is nowhere else in clear."""

    session: GameSession
    token: str


@transaction.atomic
def open_game_session(
    *,
    player: Player,
    integration: Integration,
    game: Game,
    currency: str,
    now: datetime,
    player_session: PlayerSession | None = None,
    variant_id: int | None = None,
    platform: str = "desktop",
    remote_address: str | None = None,
) -> OpenedSession:
    """
    Seat a player at a vendor's game for real money: accounts (opened where missing), session, token.

    Checks nothing: whether the player may play is the caller's question. How long the session lasts is the
    integration's option `session_minutes`. What the law says of stakes and pace is written where bets find it, and
    where it allows one game at a time the player's others end.
    """
    player = lock_player_with_law(player.pk)
    refresh_guard(player, now=now)
    if one_game_at_a_time(player, now):
        end_game_sessions(player_id=player.pk, reason="parallel-play", now=now)
    accounts = open_wallet(player, currency)
    session = GameSession.objects.create(
        player=player,
        player_session=player_session,
        brand_id=player.brand_id,
        integration=integration,
        game=game,
        variant_id=variant_id,
        mode=GameSession.Mode.REAL,
        platform=platform,
        currency=currency,
        cash_account_id=accounts.cash,
        bonus_account_id=accounts.bonus,
        restricted_account_id=accounts.restricted,
        provider_account_id=shared_account(
            brand_id=player.brand_id, currency=currency, kind=AccountKind.PROVIDER, integration_id=integration.pk
        ),
        remote_address=remote_address or None,
        created_at=now,
        expires_at=now + session_lifetime(integration),
    )
    _tell(session, player, now)
    return OpenedSession(session, _issue_token(session, now=now))


def _tell(session: GameSession, player: Player, now: datetime) -> None:
    record_fact(
        kind="providers.game.launched",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(session.public_id),
        data={
            "game": session.game.code,
            "product": session.game.category,
            "integration": session.integration.slug,
            "platform": session.platform,
            "currency": session.currency,
        },
        now=now,
    )


def record_demo_session(
    *,
    player: Player,
    player_session: PlayerSession,
    integration: Integration,
    game: Game,
    currency: str,
    platform: str,
    remote_address: str | None,
    now: datetime,
) -> GameSession:
    """Record that a game was opened for fun: no token and no accounts, because no wallet call will come."""
    return GameSession.objects.create(
        player=player,
        player_session=player_session,
        brand_id=player.brand_id,
        integration=integration,
        game=game,
        mode=GameSession.Mode.DEMO,
        platform=platform,
        currency=currency,
        remote_address=remote_address,
        created_at=now,
        expires_at=now + session_lifetime(integration),
    )


def session_lifetime(integration: Integration) -> timedelta:
    """How long a game session of this integration lasts."""
    minutes = integration.options.get("session_minutes")
    return timedelta(minutes=int(minutes)) if minutes else DEFAULT_LIFETIME


@transaction.atomic
def rotate_token(*, digest: bytes, integration_id: int, now: datetime, grace: timedelta = EXCHANGE_GRACE) -> str:
    """
    Exchange a session's token for a new one; bets need the newest.

    Whether wins and rollbacks may go on naming an earlier token is the protocol's, see `WalletCall.live_token`.

    :param digest: SHA-256 of the token shown
    :param grace: for so long a token that was exchanged may be exchanged once more
    :raises GameTokenUnknown: if it is not one of this integration, or was exchanged longer ago
    :raises GameSessionOver: if its session has ended or expired
    """
    token = (
        GameSessionToken.objects.select_related("session")
        .select_for_update(of=("self", "session"))
        .filter(digest=digest, session__integration_id=integration_id)
        .first()
    )
    if token is None or (token.replaced_at is not None and now >= token.replaced_at + grace):
        raise GameTokenUnknown
    if token.session.ended_at is not None or now >= token.session.expires_at:
        raise GameSessionOver
    token.session.tokens.filter(replaced_at__isnull=True).update(replaced_at=now)
    return _issue_token(token.session, now=now)


def end_game_session(*, session_id: int, reason: str, now: datetime) -> bool:
    """End one session: no more bets, while wins and rollbacks still settle. False if it was over already."""
    return _end(GameSession.objects.filter(pk=session_id), reason=reason, now=now) == 1


def end_game_sessions(*, player_id: int, reason: str, now: datetime) -> int:
    """End every session of a player and return how many were running."""
    return _end(GameSession.objects.filter(player_id=player_id), reason=reason, now=now)


def end_game_sessions_of(*, player_id: int, game_id: int, reason: str, now: datetime) -> int:
    """End every session of a player at one game and return how many were running."""
    return _end(GameSession.objects.filter(player_id=player_id, game_id=game_id), reason=reason, now=now)


def end_for_exclusion(*, player: Player, now: datetime) -> None:
    """End every session of a player who is being excluded; called in the transaction of the exclusion."""
    end_game_sessions(player_id=player.pk, reason="excluded", now=now)


def expire_game_sessions(*, now: datetime) -> int:
    """Mark sessions past their time as ended when they expired. Bets were refused from that instant on anyway."""
    over = GameSession.objects.filter(ended_at__isnull=True, expires_at__lte=now)
    return over.update(ended_at=F("expires_at"), end_reason="expired")


def end_orphaned_sessions(*, now: datetime) -> int:
    """End sessions whose player has logged out or been locked out since; `players` can not call up to us."""
    running = GameSession.objects.filter(ended_at__isnull=True, expires_at__gt=now)
    logged_out = _end(running.filter(player_session__revoked_at__isnull=False), reason="logged-out", now=now)
    barred = running.filter(player__status__in=(Player.Status.SUSPENDED, Player.Status.CLOSED))
    return logged_out + _end(barred, reason="player-barred", now=now)


def _end(sessions: QuerySet[GameSession], *, reason: str, now: datetime) -> int:
    return sessions.filter(ended_at__isnull=True, expires_at__gt=now).update(ended_at=now, end_reason=reason)


def _issue_token(session: GameSession, *, now: datetime) -> str:
    token = new_token(_TOKEN_BYTES)
    GameSessionToken.objects.create(digest=token_digest(token), session=session, issued_at=now)
    return token
