"""Reality checks and what is shown while playing: time and position over all games, acknowledgement, forced pause."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from apps.compliance.approvals import decide_approval
from apps.compliance.models.policies import PolicyVersion
from apps.compliance.policies import forget_policies
from apps.compliance.policy_changes import propose_policy
from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player, PlayerSession
from apps.providers.models import Game, GameSession
from apps.safer_play.guarding import refresh_guard_of
from apps.safer_play.models import RealityCheck
from apps.safer_play.tasks import end_idle_log_ins_everywhere
from tests.contracts.family import Vendor
from tests.factories.players import problem
from tests.providers.table import seated
from tests.safer_play.scene import Frontend, bet, euros, frontend_of, limit, player_in, win

OK, REFUSED = "RS_OK", "RS_ERROR_BET_LIMIT_EXCEEDED"


def publish(jurisdiction: str, parameter: str) -> None:
    """Switch a value on that is of confidence C, as two people of compliance do."""
    maker, checker = User.objects.create_superuser("author"), User.objects.create_superuser("approver")
    version = PolicyVersion.objects.get(jurisdiction=jurisdiction, parameter=parameter)
    asked = propose_policy(version_id=version.pk, maker=maker, reason="Checked with counsel", now=clock.now())
    decide_approval(request_id=asked.pk, checker=checker, approve=True, reason="", now=clock.now())
    forget_policies()


def test_time_and_position_are_told_over_all_games(player: Player, vendor: Vendor, frontend: Frontend) -> None:
    PlayerSession.objects.update(created_at=clock.now() - timedelta(minutes=30))
    assert bet(vendor, 10, "r1") == OK
    assert win(vendor, 4) == OK
    body = frontend.call("get", "play-session").json()
    assert 1800 <= body["elapsed_seconds"] < 1830
    assert body["positions"] == [{"staked": euros("10.00"), "won": euros("4.00"), "net": euros("-6.00")}]
    assert body["reality_check"] is None


def test_a_player_chooses_how_often_he_is_told(player: Player, vendor: Vendor, frontend: Frontend) -> None:
    assert frontend.call("put", "reality-check", {"interval_minutes": 20}).json() == {"interval_minutes": 20}
    check = frontend.call("get", "play-session").json()["reality_check"]
    assert (check["interval_minutes"], check["is_due"], check["must_acknowledge"]) == (20, False, False)
    clock.advance(20 * 60)
    assert frontend.call("get", "play-session").json()["reality_check"]["is_due"]
    assert bet(vendor, 1, "r1") == OK
    after = frontend.call("post", "reality-check").json()["reality_check"]
    assert not after["is_due"]
    kept = RealityCheck.objects.get()
    assert kept.net_positions == {"EUR": "-1.00"}
    assert kept.elapsed_seconds >= 1200
    assert frontend.call("put", "reality-check", {"interval_minutes": None}).status_code == 200
    assert frontend.call("get", "play-session").json()["reality_check"] is None


@pytest.mark.parametrize("minutes", [0, -5, 100_000, "often"])
def test_an_interval_makes_sense(frontend: Frontend, minutes: object) -> None:
    problem(frontend.call("put", "reality-check", {"interval_minutes": minutes}), 400, "validation-failed")


def test_where_the_law_forces_a_pause_bets_wait_for_it(caleta: Integration, game: Game, policies: None) -> None:
    publish("DE", "reality_check")
    player = player_in("DE")
    limit(player, "deposit", "100", "month")
    frontend = frontend_of(player)
    problem(frontend.call("put", "reality-check", {"interval_minutes": 5}), 409, "interval-fixed-by-law")
    vendor = seated(player, caleta, game)
    assert bet(vendor, 1, "r1") == OK
    clock.advance(60 * 60 + 1)
    assert bet(vendor, 1, "r2") == REFUSED
    after = frontend.call("post", "reality-check").json()["reality_check"]
    assert after["paused_until"] is not None
    assert bet(vendor, 1, "r3") == REFUSED
    clock.advance(5 * 60)
    assert bet(vendor, 1, "r4") == OK


def test_in_germany_one_game_is_open_at_a_time(caleta: Integration, game: Game, policies: None) -> None:
    player = player_in("DE")
    limit(player, "deposit", "100", "month")
    first = seated(player, caleta, game)
    second = seated(player, caleta, game)
    assert bet(first, 1, "r1") == "RS_ERROR_TOKEN_EXPIRED"
    assert bet(second, 1, "r2") == OK
    assert list(GameSession.objects.order_by("pk").values_list("end_reason", flat=True)) == ["parallel-play", ""]


def test_in_sweden_who_is_idle_for_two_minutes_is_logged_out_unless_he_plays(
    caleta: Integration, game: Game, policies: None
) -> None:
    idle, playing, elsewhere = player_in("SE"), player_in("SE", username="bo"), player_in("MT", username="cara")
    for each in (idle, playing, elsewhere):
        frontend_of(each)
        refresh_guard_of(player_id=each.pk, now=clock.now())
    limit(playing, "deposit", "100", "month")
    vendor = seated(playing, caleta, game)
    clock.advance(2 * 60 + 50)
    assert end_idle_log_ins_everywhere() == 0
    assert bet(vendor, 1, "r1") == OK
    clock.advance(20)
    assert end_idle_log_ins_everywhere() == 1
    ended = PlayerSession.objects.exclude(revoked_at=None)
    assert list(ended.values_list("player__username", "revoked_reason")) == [("astrid", "inactive")]
