"""Launching a game: may this player, a seat for him, and the vendor's address. Bets come later, to the wallet."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from apps.core.errors import DomainError
from apps.integrations.connections import Connection, connection
from apps.integrations.models import Integration
from apps.integrations.outbound import VendorTimeout, VendorUnreachable
from apps.players.models import Player, PlayerSession
from apps.providers.availability import barriers, find_game, integrations_offering, may_play
from apps.providers.game_sessions import end_game_session, open_game_session, session_lifetime
from apps.providers.launch_contract import Launcher, LaunchError, LaunchOrder
from apps.providers.launch_registry import LAUNCHERS
from apps.providers.models import Game, GameSession

log = structlog.get_logger(__name__)

# A request that reached nobody may be sent again at once; any other outcome is the player's to repeat.
CONNECT_ATTEMPTS = 2


class GameUnknown(DomainError):
    """The catalogue has no game of that code; take codes from `GET /api/v1/games`."""

    code = "game-unknown"
    title = "No such game"
    status = 404


class GameNotAvailable(DomainError):
    """
    This player may not play this game here and now.

    `reasons` lists why: brand, brand-currency, integration, studio, game, brand-game, not-released, withdrawn, country,
    certificate, currency, platform, demo.
    """

    code = "game-not-available"
    title = "The game is not available"
    status = 403


class PlayBlocked(DomainError):
    """The player's account is restricted from play, suspended or closed."""

    code = "play-blocked"
    title = "The account may not play"
    status = 403


class LaunchFailed(DomainError):
    """The game provider could not open the game. Nothing was staked; launch again."""

    code = "launch-failed"
    title = "The game provider could not open the game"
    status = 502


class LaunchTimedOut(DomainError):
    """The game provider did not answer in time. Nothing was staked; launch again."""

    code = "launch-timed-out"
    title = "The game provider did not answer in time"
    status = 504


@dataclass(frozen=True, slots=True)
class LaunchedGame:
    """A running game session and where the player's browser finds the game."""

    session: GameSession
    url: str


@dataclass(frozen=True, slots=True)
class _Seat:
    session: GameSession
    token: str | None
    connection: Connection
    launcher: Launcher


def launch_game(
    *,
    player_session: PlayerSession,
    game_code: str,
    mode: str,
    platform: str,
    now: datetime,
    currency: str | None = None,
    remote_address: str | None = None,
) -> LaunchedGame:
    """
    Seat the player and ask the vendor for the game's address, in this order, with a commit between.

    :param game_code: the catalogue's public code
    :param currency: of the wallet to play with, the player's own unless given; a demo is played in the vendor's
    :raises PlayBlocked: by the player's status
    :raises GameUnknown: if there is no such game
    :raises GameNotAvailable: if it is not offered to this player here and now, or has no demo
    :raises LaunchFailed: if the vendor refuses or can not be reached; the session has ended then
    :raises LaunchTimedOut: if it does not answer; the session has ended then
    """
    seat = _take_seat(
        player_session=player_session,
        game_code=game_code,
        mode=mode,
        platform=platform,
        currency=currency,
        remote_address=remote_address,
        now=now,
    )
    order = _order(seat, player_session.player)
    try:
        url = _launch(seat.launcher, order)
    except (LaunchError, VendorUnreachable, VendorTimeout) as error:
        raise _give_up(seat.session, error, now=now) from error
    return LaunchedGame(seat.session, url)


@transaction.atomic(durable=True)
def _take_seat(
    *,
    player_session: PlayerSession,
    game_code: str,
    mode: str,
    platform: str,
    currency: str | None,
    remote_address: str | None,
    now: datetime,
) -> _Seat:
    """Everything up to the vendor's call. Durable: a network call must not run inside somebody's transaction."""
    # Read anew and held: a suspension that commits meanwhile is either seen here or finds this session to end.
    player = Player.objects.select_related("brand", "jurisdiction").select_for_update(of=("self",), no_key=True).get(
        pk=player_session.player_id
    )
    if not may_play(player):
        raise PlayBlocked
    game = find_game(player, game_code)
    if game is None:
        raise GameUnknown
    reasons = barriers(player, game_id=game.pk, now=now, platform=platform, currency=currency, mode=mode)
    if reasons:
        raise GameNotAvailable(extensions={"reasons": reasons})
    integration, vendor, launcher = _door(game, player)
    if mode == GameSession.Mode.DEMO:
        session, token = _record_demo(player_session, player, game, integration, launcher, platform, now), None
        session.remote_address = remote_address or None
        session.save(update_fields=["remote_address"])
        return _Seat(session, token, vendor, launcher)
    opened = open_game_session(
        player=player,
        player_session=player_session,
        integration=integration,
        game=game,
        variant_id=game.variant_in_play_id,
        currency=currency or player.currency,
        platform=platform,
        remote_address=remote_address,
        now=now,
    )
    return _Seat(opened.session, opened.token, vendor, launcher)
