"""Game sessions over their life: tokens exchanged, sessions ended, and what the wallet still accepts then."""

from datetime import datetime, timedelta

import pytest

from apps.core import clock
from apps.core.ids import token_digest
from apps.integrations.models import Integration
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations.sessions import log_out, open_session
from apps.providers.game_sessions import (
    GameSessionOver,
    GameTokenUnknown,
    end_game_session,
    end_game_sessions,
    end_orphaned_sessions,
    expire_game_sessions,
    open_game_session,
    rotate_token,
)
from apps.providers.models import Game, GameSession, GameSessionToken
from apps.providers.tasks import end_sessions
from tests.contracts.family import Vendor
from tests.factories.games import make_player
from tests.providers.table import GAME, cash_of, play, seated

pytestmark = pytest.mark.django_db


def rotated(vendor: Vendor, now: datetime | None = None) -> str:
    integration_id = Integration.objects.get(slug="caleta").pk
    return rotate_token(digest=token_digest(vendor.token), integration_id=integration_id, now=now or clock.now())


def test_the_new_token_bets_and_the_old_one_still_settles(vendor: Vendor, player: Player) -> None:
    bet = play(vendor, 3)
    old, vendor.token = vendor.token, rotated(vendor)
    assert play(vendor, 1) != bet
    vendor.token = old
    assert vendor.bet(100_000, **GAME)["status"] == "RS_ERROR_TOKEN_EXPIRED"
    assert vendor.win(bet, 500_000, round="r-1", **GAME)["status"] == "RS_OK"
    assert cash_of(player) == 101_000_000


def test_an_exchange_whose_answer_got_lost_may_be_repeated_for_a_moment(vendor: Vendor) -> None:
    now = clock.now()
    lost = rotated(vendor, now)
    again = rotated(vendor, now + timedelta(seconds=29))
    assert again != lost
    with pytest.raises(GameTokenUnknown):
        rotated(vendor, now + timedelta(seconds=30))
    valid = GameSessionToken.objects.get(replaced_at__isnull=True)
    assert bytes(valid.digest) == token_digest(again)


def test_a_token_is_exchanged_only_where_it_is_known_and_alive(vendor: Vendor, caleta: Integration) -> None:
    digest = token_digest(vendor.token)
    with pytest.raises(GameTokenUnknown):
        rotate_token(digest=token_digest("another"), integration_id=caleta.pk, now=clock.now())
    with pytest.raises(GameTokenUnknown):
        rotate_token(digest=digest, integration_id=caleta.pk + 1, now=clock.now())
    session = GameSession.objects.get()
    with pytest.raises(GameSessionOver):
        rotate_token(digest=digest, integration_id=caleta.pk, now=session.expires_at)
    end_game_session(session_id=session.pk, reason="test", now=clock.now())
    with pytest.raises(GameSessionOver):
        rotate_token(digest=digest, integration_id=caleta.pk, now=clock.now())


def test_expiry_blocks_bets_but_never_wins_or_rollbacks(vendor: Vendor, player: Player) -> None:
    first, second = play(vendor, 3), play(vendor, 4)
    clock.advance(12 * 3600)
    assert vendor.bet(100_000, **GAME)["status"] == "RS_ERROR_TOKEN_EXPIRED"
    assert vendor.win(first, 500_000, round="r-1", **GAME)["status"] == "RS_OK"
    assert vendor.rollback(second, round="r-1", **GAME)["status"] == "RS_OK"
    assert cash_of(player) == 102_000_000


def test_an_integration_may_set_another_lifetime(player: Player, caleta: Integration, game: Game) -> None:
    caleta.options = {"session_minutes": 20}
    now = clock.now()
    opened = open_game_session(player=player, integration=caleta, game=game, currency="EUR", now=now)
    assert opened.session.expires_at == now + timedelta(minutes=20)


def test_ending_a_players_sessions_ends_the_running_ones_once(
    vendor: Vendor, player: Player, caleta: Integration, game: Game
) -> None:
    bet = play(vendor, 3)
    seated(player, caleta, game)
    other = seated(make_player("bo", cash="9"), caleta, game)
    now = clock.now()
    assert end_game_sessions(player_id=player.pk, reason="suspended", now=now) == 2
    assert end_game_sessions(player_id=player.pk, reason="again", now=now) == 0
    ended = GameSession.objects.filter(player=player).values_list("ended_at", "end_reason")
    assert set(ended) == {(now, "suspended")}
    assert vendor.bet(100_000, **GAME)["status"] == "RS_ERROR_TOKEN_EXPIRED"
    assert vendor.win(bet, 500_000, round="r-1", **GAME)["status"] == "RS_OK"
    assert play(other, 1)


def test_expired_sessions_are_marked_with_the_time_they_expired(vendor: Vendor) -> None:
    session = GameSession.objects.get()
    assert expire_game_sessions(now=session.expires_at - timedelta(microseconds=1)) == 0
    assert expire_game_sessions(now=session.expires_at + timedelta(hours=3)) == 1
    session.refresh_from_db()
    assert (session.ended_at, session.end_reason) == (session.expires_at, "expired")


def test_logging_out_ends_the_games_opened_in_that_session(player: Player, caleta: Integration, game: Game) -> None:
    now = clock.now()
    sessions = [open_session(player=player, caller=Caller(), now=now)[0] for _ in range(2)]
    games = [
        open_game_session(
            player=player, player_session=session, integration=caleta, game=game, currency="EUR", now=now
        ).session
        for session in sessions
    ]
    assert end_sessions() == 0
    log_out(session=sessions[0], now=clock.now())
    assert end_sessions() == 1
    reasons = GameSession.objects.order_by("pk").values_list("pk", "end_reason")
    assert list(reasons) == [(games[0].pk, "logged-out"), (games[1].pk, "")]


@pytest.mark.parametrize(("status", "ended"), [("suspended", 1), ("closed", 1), ("active", 0), ("restricted", 0)])
def test_barring_a_player_ends_his_games(vendor: Vendor, status: str, ended: int) -> None:
    Player.objects.update(status=status, restrictions=["withdrawal"] if status == "restricted" else [])
    assert end_orphaned_sessions(now=clock.now()) == ended
