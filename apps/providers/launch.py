"""Launching a game: may this player, a seat for him, and the vendor's address. Bets come later, to the wallet."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from apps.core.errors import DomainError
from apps.integrations.connections import Connection, connection
from apps.integrations.models import Integration
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.players.models import Player, PlayerSession
from apps.providers.availability import barriers, find_game, integrations_offering, may_play
from apps.providers.game_sessions import end_game_session, open_game_session, record_demo_session
from apps.providers.launch_contract import Launcher, LaunchError, LaunchOrder
from apps.providers.launch_registry import launcher_of
from apps.providers.models import Game, GameSession
from apps.providers.unfinished import Resumed, left_in, resume_or_refuse
from apps.safer_play.admissions import before_play, require_may_play
from apps.verification.gates import Purpose, gate
from apps.verification.requirements import refuse

log = structlog.get_logger(__name__)

_END_REASONS: dict[type[Exception], str] = {
    VendorTimeout: "launch-timeout",
    VendorUnreachable: "launch-unreachable",
    VendorSwitchedOff: "launch-switched-off",
}


class GameUnknown(DomainError):
    """The catalogue has no game of that code; take codes from `GET /api/v1/games`."""

    code = "game-unknown"
    title = "No such game"
    status = 404


class GameNotAvailable(DomainError):
    """
    The player may not play this game here and now.

    `reasons` lists why: brand, brand-currency, integration, studio, game, brand-game, not-released, withdrawn, country,
    certificate, currency, platform, demo. `unfinished_round` is there if a round of it is: it is not resumed but
    resolved as its `text` says.
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
    resumed: Resumed | None = None
    """The unfinished round with which it goes on."""


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
    :raises PlayerExcluded: during an exclusion, for fun too
    :raises RegisterUnavailable: if the national register of excluded people gives no answer
    :raises PlayNeedsLimit: where the law wants a deposit limit first
    :raises KycRequired: where it wants something proven before play
    :raises GameUnknown: if there is no such game
    :raises GameNotAvailable: if it is not offered to this player here and now, or has no demo
    :raises UnfinishedRound: if a round of it has to end first and this launch does not resume it
    :raises LaunchFailed: if the vendor refuses or can not be reached; the session has ended then
    :raises LaunchTimedOut: if it does not answer; the session has ended then
    """
    before_play(session=player_session, now=now)
    # Durable: the vendor is called after this commit, and never inside somebody's transaction.
    with transaction.atomic(durable=True):
        player = _admitted(player_session.player_id, now)
        game = _offered_game(player, game_code, mode=mode, platform=platform, currency=currency, now=now)
        known = gate(player=player, purpose=Purpose.PLAY, now=now)
        wallet = currency or player.currency
        is_real = mode == GameSession.Mode.REAL
        resumed = resume_or_refuse(player, game, currency=wallet, now=now) if is_real and known.passed else None
        seat = known.passed and _take_seat(
            player_session=player_session,
            player=player,
            game=game,
            mode=mode,
            platform=platform,
            currency=wallet,
            remote_address=remote_address,
            now=now,
        )
    if not seat:
        refuse(player=player, purpose=Purpose.PLAY, answer=known, now=now)
    order = _order(seat, player, game)
    try:
        url = _launch(seat.launcher, order)
    except (LaunchError, VendorUnreachable, VendorTimeout, VendorSwitchedOff) as error:
        raise _give_up(seat.session, error, now=now) from error
    return LaunchedGame(seat.session, url, resumed)


def _admitted(player_id: int, now: datetime) -> Player:
    """Read the player anew and hold him: a suspension meanwhile is either seen here or sees this session."""
    players = Player.objects.select_related("brand", "jurisdiction")
    player = players.select_for_update(of=("self",), no_key=True).get(pk=player_id)
    if not may_play(player):
        raise PlayBlocked
    require_may_play(player, now=now)
    return player


def _offered_game(
    player: Player, game_code: str, *, mode: str, platform: str, currency: str | None, now: datetime
) -> Game:
    game = find_game(player, game_code)
    if game is None:
        raise GameUnknown
    reasons = barriers(player, game_id=game.pk, now=now, platform=platform, currency=currency, mode=mode)
    if reasons:
        unfinished = left_in(player, game)
        raise GameNotAvailable(
            extensions={"reasons": reasons} | ({"unfinished_round": unfinished} if unfinished else {})
        )
    return game


def _take_seat(
    *,
    player_session: PlayerSession,
    player: Player,
    game: Game,
    mode: str,
    platform: str,
    currency: str,
    remote_address: str | None,
    now: datetime,
) -> _Seat:
    integration, vendor, launcher = _door(game.vendor, player.brand.code)
    if mode == GameSession.Mode.DEMO:
        if launcher.demo_currency is None:
            raise GameNotAvailable(extensions={"reasons": ["demo"]})
        session = record_demo_session(
            player=player,
            player_session=player_session,
            integration=integration,
            game=game,
            currency=launcher.demo_currency,
            platform=platform,
            remote_address=remote_address,
            now=now,
        )
        return _Seat(session, None, vendor, launcher)
    opened = open_game_session(
        player=player,
        player_session=player_session,
        integration=integration,
        game=game,
        variant_id=game.variant_in_play_id,  # type: ignore[attr-defined]  # annotated by find_game
        currency=currency,
        platform=platform,
        remote_address=remote_address,
        now=now,
    )
    return _Seat(opened.session, opened.token, vendor, launcher)


def _door(vendor: str, brand_code: str) -> tuple[Integration, Connection, Launcher]:
    """The connection over which the brand gets this vendor's games."""
    integration = integrations_offering(vendor, brand_code=brand_code).first()
    found = connection(integration.slug) if integration else None
    launcher = launcher_of(vendor)
    if integration is None or found is None or launcher is None:
        raise GameNotAvailable(extensions={"reasons": ["integration"]})
    return integration, found, launcher


def _order(seat: _Seat, player: Player, game: Game) -> LaunchOrder:
    is_real = seat.token is not None
    return LaunchOrder(
        connection=seat.connection,
        reference=str(seat.session.public_id),
        game_code=game.code,
        user=str(player.public_id) if is_real else None,
        token=seat.token,
        currency=seat.session.currency,
        platform=seat.session.platform,
        country=player.country,
        language=player.language,
        remote_address=seat.session.remote_address or "",
        frontend_url=player.brand.frontend_url,
        player_id=player.pk,
        first_name=player.first_name,
        last_name=player.last_name,
    )


def _launch(launcher: Launcher, order: LaunchOrder) -> str:
    """Ask, and ask once more if nobody was reached: such a request had no effect."""
    try:
        return launcher.launch(order)
    except VendorUnreachable:
        return launcher.launch(order)


def _give_up(session: GameSession, error: Exception, *, now: datetime) -> DomainError:
    """End the session, whose token the vendor may or may not have, and say what the player is told."""
    reason = error.reason if isinstance(error, LaunchError) else _END_REASONS[type(error)]
    end_game_session(session_id=session.pk, reason=reason, now=now)
    log.warning("providers.launch_failed", session=str(session.public_id), reason=reason, error=str(error))
    details = {"session": str(session.public_id)}
    if isinstance(error, VendorTimeout):
        return LaunchTimedOut(extensions=details)
    return LaunchFailed(extensions=details)
