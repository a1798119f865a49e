"""Risk rises at once and falls slowly, people may set it together; a back-test finds what the stream found."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from apps.compliance.approvals import ApprovalSecondPerson, decide_approval
from apps.compliance.models import Alert
from apps.core import clock
from apps.monitoring.backtest import request_backtest, run_backtest
from apps.monitoring.intake import Seen
from apps.monitoring.models import Decision, RiskAssessment, RiskState
from apps.monitoring.overrides import OverrideNotSound, request_override
from apps.monitoring.points import people
from apps.monitoring.publication import draft_with_params
from apps.monitoring.risk import assess, assess_due, risk_model
from apps.monitoring.stream import judge, points_seen
from apps.players.models import Player
from apps.safer_play.models import Interaction
from benchmarks.typologies.world import Act, Life, World
from tests.factories.games import make_player
from tests.monitoring.scene import follow, put_live
from tests.monitoring.test_rules import staff

NOW = datetime.now(UTC)


def hit(player: Player, code: str, *, at: Any = None, kind: str = "screening_hit", **data: Any) -> None:
    """Let an event set a rule off."""
    seen = Seen(kind, player.pk, at or NOW, "s", None, "", data, f"fact:{code}:{at}")
    judge(points_seen([seen]), now=at or NOW)
    assert Decision.objects.filter(rule_id=code, result="hit").exists()


def level(player: Player, kind: str = "aml") -> int:
    return RiskState.objects.get(player_id=player.pk, kind=kind).level


@pytest.mark.django_db
def test_a_hit_raises_the_level_at_once_with_its_reasons_and_floor() -> None:
    put_live("AML-27")
    player = make_player()
    assess([player.pk], now=NOW, why="start")
    assert level(player) == 1
    hit(player, "AML-27", score=0.8)
    assess([player.pk], now=NOW, why="A rule hit")
    state = RiskState.objects.get(player_id=player.pk, kind="aml")
    assert (state.level, state.score) == (5, Decimal("60.00"))
    assert [(part["id"], part["points"]) for part in state.contributions] == [("AML-27", "60.00"), ("AML-27", "0")]
    assert people([player.pk])[player.pk].risk_band == "high"
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, data->>'from', data->>'to' FROM integrations_fact WHERE kind LIKE 'monitoring.%%'")
        assert ("monitoring.aml_risk.changed", "1", "5") in cursor.fetchall()


@pytest.mark.django_db
def test_a_level_falls_one_step_at_a_time_after_a_quiet_time() -> None:
    put_live("AML-16")
    player = make_player()
    hit(player, "AML-16", kind="login", ip_country="IR")
    assess([player.pk], now=NOW, why="A rule hit")
    assert level(player) == 4
    quiet = risk_model("aml").data["lower_after_days"]
    floor = risk_model("aml").data["floor_days"]
    later = NOW + timedelta(days=floor + 1)
    for days, expected in ((0, 3), (quiet - 1, 3), (quiet, 2), (2 * quiet, 1), (9 * quiet, 1)):
        assess([player.pk], now=later + timedelta(days=days), why="quiet")
        assert level(player) == expected


@pytest.mark.django_db
def test_two_people_set_a_level_until_a_date_and_it_ends_by_itself() -> None:
    player = make_player()
    assess([player.pk], now=NOW, why="start")
    maker = staff("maker", "monitoring.override_risk", "monitoring.approve_riskoverride", is_superuser=True)
    checker = staff("checker", "monitoring.approve_riskoverride", is_superuser=True)
    terms: dict[str, Any] = {
        "player_id": player.pk,
        "kind": "aml",
        "maker": maker,
        "reason": "Press reports",
        "now": NOW,
    }
    wrongs: list[dict[str, Any]] = [
        {"level": 6, "until": NOW + timedelta(days=9)},
        {"level": 4, "until": NOW + timedelta(days=181)},
    ]
    for wrong in wrongs:
        with pytest.raises(OverrideNotSound):
            request_override(**terms, **wrong)
    asked = request_override(**terms, level=4, until=NOW + timedelta(days=30))
    with pytest.raises(ApprovalSecondPerson):
        decide_approval(request_id=asked.pk, checker=maker, approve=True, reason="I agree", now=NOW)
    assert level(player) == 1
    decide_approval(request_id=asked.pk, checker=checker, approve=True, reason="I agree", now=NOW)
    assert level(player) == 4
    assess_due(now=NOW + timedelta(days=29))
    assert level(player) == 4
    assess_due(now=NOW + timedelta(days=31))
    assert level(player) == 1
    assert "Set by staff: Press reports" in RiskAssessment.objects.values_list("why", flat=True)


@pytest.mark.django_db
def test_a_marker_of_harm_starts_the_steps_of_its_class_once() -> None:
    put_live("RG-22")
    player = make_player()
    for minutes in (0, 10):
        hit(player, "RG-22", at=NOW + timedelta(minutes=minutes), kind="contact", words=2)
    assess([player.pk], now=NOW, why="A rule hit")
    assert level(player, "harm") == 5
    assert level(player, "aml") == 1
    steps = Interaction.objects.order_by("action").values_list("action", "trigger", "state")
    assert list(steps) == [("contact", "RG-22", "open"), ("marketing_stop", "RG-22", "done")]


@pytest.mark.django_db
def test_a_young_adult_scores_higher_for_harm() -> None:
    player = make_player(birth_date=date(NOW.year - 20, 1, 1))
    assess([player.pk], now=NOW, why="start")
    state = RiskState.objects.get(player_id=player.pk, kind="harm")
    assert [part["title"] for part in state.contributions] == ["Younger than 25"]


@pytest.mark.django_db(transaction=True)
def test_a_back_test_finds_what_the_stream_found_and_compares_without_a_trace() -> None:
    live = put_live("AML-02")["AML-02"]
    world = World(clock.now())
    lives = []
    for number, amounts in enumerate(([2100], [1600], [900, 800], [40])):
        life = Life(f"p{number}")
        life.acts = [
            Act(world.now - timedelta(days=9 - each), "deposit", Decimal(amount)) for each, amount in enumerate(amounts)
        ]
        lives.append(life)
    world.admit(lives)
    world.live(lives)
    follow()
    found = {row.player_id for row in Decision.objects.filter(result="hit")}
    author = staff("author", "monitoring.author_rule")
    lower = draft_with_params(version_id=live.pk, params={"amount": 1500}, author=author, note="lower", now=clock.now())
    before = (Decision.objects.count(), Alert.objects.count())
    backtests = [
        run_backtest(
            backtest_id=request_backtest(
                version_id=version.pk, from_at=world.now - timedelta(days=30), to_at=world.now, asker=author,
                now=clock.now(),
            ).pk,
            now=clock.now(),
        )
        for version in (live, lower)
    ]  # fmt: skip
    same, wider = (each.report for each in backtests)
    assert (same["new"]["players"], same["new"]["alerts"], same["live"]) == (len(found), 1, None)
    assert (wider["new"]["players"], wider["live"]["players"]) == (3, 1)
    assert (wider["only_new"], wider["only_live"], wider["both"]) == (2, 0, 1)
    assert (wider["active_players"], wider["new"]["per_1000"]) == (4, 750.0)
    assert sum(day["new"] for day in wider["days"]) == 3
    assert (Decision.objects.count(), Alert.objects.count()) == before
