"""The monitor over the projection: alerts, evidence, the suspension button, decisions."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from apps.brands.models import Brand
from apps.providers.models import Game, RtpVariant
from apps.reporting.models import RtpAlert, RtpDay, RtpEvidence
from apps.reporting.rtp_alerts import RtpAlertOver, decide_alert, suspend_game, take_alert
from apps.reporting.rtp_monitor import watch_rtp
from tests.factories.games import make_game
from tests.factories.integrations import make_brand
from tests.providers.table import staff

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
ROUNDS = 400_000
# Per round, of a slot of the simulator with 96 % and a deviation of 1.83.
SQUARE = 4_270_000_000_000


@pytest.fixture
def brand(db: None) -> Brand:
    return make_brand()


@pytest.fixture
def game(brand: Brand) -> Game:
    game = make_game(title="Dragon Rising", volatility=2)
    RtpVariant.objects.create(game=game, code="rtp-9600", rtp_basis_points=9600, is_default=True, deviation="1.83")
    return game


def measured(game: Game, brand: Brand, *, ppm: int, rounds: int = ROUNDS, **cell: Any) -> None:
    """Enter what following the ledger would: so many rounds with this mean return."""
    place = {"band": "low", "channel": "mobile"} | cell
    RtpDay.objects.create(
        day=NOW.date(), game_id=game.pk, variant_id=game.rtp_variants.get().pk, brand_id=brand.pk, rounds=rounds,
        returned_ppm=ppm * rounds, returned_ppm_squares=SQUARE * rounds, changed_at=NOW, **place,
    )  # fmt: skip


def may_be_played(game: Game) -> bool:
    """As the database has it now."""
    return Game.objects.get(pk=game.pk).is_enabled


def test_a_game_two_points_too_high_is_alerted_once_with_evidence(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=980_000)
    (alert,) = watch_rtp(now=NOW)
    assert (alert.direction, alert.declared_ppm, alert.measured_ppm, alert.rounds) == ("high", 960_000, 980_000, ROUNDS)
    whole = RtpEvidence.objects.get(span="life", band="")
    assert (whole.rounds, whole.measured_ppm, str(whole.alarm_chance)) == (ROUNDS, 980_000, "0.0005000000")
    assert 10_000 < whole.tolerance_ppm < 20_000
    kept = RtpEvidence.objects.count()
    assert watch_rtp(now=NOW + timedelta(minutes=1)) == []
    assert RtpEvidence.objects.count() == kept
    watch_rtp(now=NOW + timedelta(days=1), everything=True)
    assert RtpEvidence.objects.count() == 2 * kept


def test_a_true_game_raises_nothing(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=960_500)
    measured(game, brand, ppm=957_000, band="high", channel="desktop", rounds=30_000)
    assert watch_rtp(now=NOW) == []
    assert not RtpAlert.objects.exists()


def test_a_fault_in_one_cell_is_seen_though_the_whole_looks_right(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=957_000, rounds=3_000_000)
    measured(game, brand, ppm=1_030_000, band="top", rounds=100_000)
    (alert,) = watch_rtp(now=NOW)
    assert alert.direction == "high"
    assert set(alert.evidence.values_list("band", "channel")) == {("top", "mobile")}


def test_evidence_cannot_be_altered(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=980_000)
    watch_rtp(now=NOW)
    for change in (lambda: RtpEvidence.objects.update(rounds=1), lambda: RtpEvidence.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert set(RtpEvidence.objects.values_list("rounds", flat=True)) == {ROUNDS}


def test_suspending_needs_the_right_to_switch_games(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=980_000)
    (alert,) = watch_rtp(now=NOW)
    with pytest.raises(PermissionDenied):
        suspend_game(alert_id=alert.pk, actor=staff("viewer", "view_rtpalert"), now=NOW)
    assert may_be_played(game)
    suspend_game(alert_id=alert.pk, actor=staff("operator", "switch_game"), now=NOW)
    assert not may_be_played(game)
    history: Any = game.history
    reason = history.latest("history_id").history_change_reason
    assert reason == f"RTP alert {alert.pk}: 98.00 % of 96.00 % declared"


def test_after_a_decision_only_new_rounds_are_judged(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=980_000)
    (alert,) = watch_rtp(now=NOW)
    person = staff("operator", "decide_rtpalert")
    take_alert(alert_id=alert.pk, actor=person, now=NOW)
    with pytest.raises(RtpAlertOver):
        take_alert(alert_id=alert.pk, actor=person, now=NOW)
    decide_alert(alert_id=alert.pk, is_error=True, finding="the vendor shipped a wrong table", actor=person, now=NOW)
    with pytest.raises(RtpAlertOver):
        decide_alert(alert_id=alert.pk, is_error=False, finding="changed my mind", actor=person, now=NOW)
    assert watch_rtp(now=NOW + timedelta(minutes=1)) == []
    assert RtpAlert.objects.get().state == "confirmed"


def test_the_page_shows_chart_and_evidence_and_suspends_with_one_button(game: Game, brand: Brand) -> None:
    measured(game, brand, ppm=980_000)
    (alert,) = watch_rtp(now=NOW)
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    shown = client.get(reverse("admin:reporting_rtpalert_change", args=[alert.pk])).content.decode()
    # Measured on one day only: the band is as wide as the day, and the return a dash on it.
    outline = re.search(r'<polygon points="([^"]+)"', shown)
    assert outline
    assert len({point.partition(",")[0] for point in outline[1].split()}) == 3
    assert re.search(r'<path d="M[0-9.]+ [0-9.]+ h8"', shown)
    assert "98.00 %" in shown
    assert client.post(reverse("admin:reporting_rtpalert_suspend", args=[alert.pk])).status_code == 302
    assert not may_be_played(game)
