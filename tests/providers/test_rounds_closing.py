"""Rounds after the vendor's last word: closed by time or by staff, and those that got stuck."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from prometheus_client import REGISTRY

from apps.core import clock
from apps.core.request_context import request_context
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers import resolution, rounds, tasks
from apps.providers.models import Game, Round, RoundEvent, RoundPolicy
from apps.providers.resolution import ACTOR, resolve_incomplete_rounds
from apps.providers.tasks import flag_stuck_rounds
from tests.contracts.family import Vendor
from tests.providers.table import EURO, GAME, cash_of, play, seated, staff

pytestmark = pytest.mark.django_db


def test_an_idle_round_is_closed_after_its_policys_time_and_noted(vendor: Vendor) -> None:
    play(vendor, 3)
    idle = Round.objects.get()
    assert resolve_incomplete_rounds(now=idle.last_activity_at + timedelta(hours=48) - timedelta(seconds=1)) == {}
    closed_at = idle.last_activity_at + timedelta(hours=48)
    with request_context() as context:
        assert resolve_incomplete_rounds(now=closed_at) == {"settle": 1}
        assert resolve_incomplete_rounds(now=closed_at) == {}
    expired = Round.objects.get()
    assert (expired.state, expired.close_reason, expired.closed_at) == ("expired", "idle", closed_at)
    assert (expired.staked, expired.held_amount) == (3 * EURO, 0)
    event = RoundEvent.objects.get()
    assert (event.round_id, event.player_id, event.integration_id) == (idle.pk, idle.player_id, idle.integration_id)
    assert (event.kind, event.actor, event.occurred_at) == ("expired", ACTOR, closed_at)
    assert event.policy == RoundPolicy.objects.get(origin="shipped")
    assert event.reason == f"no activity since {idle.last_activity_at:%Y-%m-%dT%H:%M:%SZ}"
    assert event.request_id == context.request_id


def test_activity_counts_not_age(vendor: Vendor) -> None:
    play(vendor, 3)
    opened_at = Round.objects.get().opened_at
    clock.advance(47 * 3600)
    vendor.token = reseated(vendor)
    play(vendor, 1)
    assert resolve_incomplete_rounds(now=opened_at + timedelta(hours=48)) == {}
    clock.advance(48 * 3600)
    assert tasks.resolve_incomplete_rounds() == {"settle": 1}


def reseated(vendor: Vendor) -> str:
    player = Player.objects.get(public_id=vendor.user)
    return seated(player, Integration.objects.get(), Game.objects.get()).token


def test_closed_rounds_are_left_alone(vendor: Vendor) -> None:
    play(vendor, 3, round_closed=True)
    assert resolve_incomplete_rounds(now=clock.now() + timedelta(days=9)) == {}


def test_a_late_win_is_still_paid(vendor: Vendor, player: Player) -> None:
    bet = play(vendor, 3)
    resolve_incomplete_rounds(now=clock.now() + timedelta(days=3))
    assert vendor.win(bet, 7 * 100_000, round="r-1", **GAME)["balance"] == 104 * 100_000
    expired = Round.objects.get()
    assert (expired.state, expired.won, cash_of(player)) == ("expired", 7 * EURO, 104 * EURO)


def test_many_rounds_go_in_several_commits(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "_BATCH", 2)
    for number in range(5):
        play(vendor, 1, f"r-{number}")
    assert resolve_incomplete_rounds(now=clock.now() + timedelta(days=3)) == {"settle": 5}
    assert RoundEvent.objects.count() == 5


def test_a_quiet_round_is_flagged_once_and_counted(vendor: Vendor, caleta: Integration) -> None:
    play(vendor, 3)
    play(vendor, 4, "r-2")
    play(vendor, 5, "r-3", round_closed=True)
    assert flag_stuck_rounds() == 0
    assert stuck_gauge() == 0
    clock.advance(30 * 60)
    assert flag_stuck_rounds() == 2
    assert flag_stuck_rounds() == 0
    assert stuck_gauge() == 2
    assert sorted(RoundEvent.objects.values_list("kind", "actor")) == [("stuck", "providers.flag_stuck_rounds")] * 2
    assert rounds.stuck_counts(now=clock.now()) == [rounds.StuckCount(caleta.pk, "EUR", 2, 7 * EURO)]
    assert [found.external_id for found in rounds.stuck_rounds(now=clock.now())] == ["r-1", "r-2"]


def test_the_count_goes_back_to_zero(vendor: Vendor) -> None:
    play(vendor, 3)
    clock.advance(30 * 60)
    flag_stuck_rounds()
    resolve_incomplete_rounds(now=clock.now() + timedelta(days=3))
    flag_stuck_rounds()
    assert stuck_gauge() == 0


def stuck_gauge() -> float | None:
    return REGISTRY.get_sample_value("casino_stuck_rounds", {"integration": "caleta"})


def test_closing_keeps_the_stake_and_says_who_and_why(vendor: Vendor, player: Player, maker: User) -> None:
    play(vendor, 3)
    now = clock.now()
    found = Round.objects.get()
    rounds.close_round(round_id=found.pk, player_id=player.pk, reason=" vendor confirmed ", actor=maker, now=now)
    closed = Round.objects.get()
    assert (closed.state, closed.close_reason, closed.closed_at) == ("adjusted", "staff", now)
    assert (closed.held_amount, cash_of(player)) == (0, 97 * EURO)
    event = RoundEvent.objects.get()
    assert (event.kind, event.reason, event.actor) == ("closed", "vendor confirmed", "maker")
    assert event.policy == RoundPolicy.objects.get()
    with pytest.raises(rounds.RoundNotOpen):
        rounds.close_round(round_id=found.pk, player_id=player.pk, reason="again", actor=maker, now=now)


def test_no_bet_enters_a_closed_round(vendor: Vendor, player: Player, maker: User) -> None:
    play(vendor, 3)
    rounds.close_round(
        round_id=Round.objects.get().pk, player_id=player.pk, reason="over", actor=maker, now=clock.now()
    )
    assert vendor.bet(100_000, round="r-1", **GAME)["status"] != "RS_OK"
    assert cash_of(player) == 97 * EURO


def test_it_needs_the_permission_a_reason_and_the_right_player(vendor: Vendor, player: Player, maker: User) -> None:
    play(vendor, 3)
    terms: dict[str, Any] = {"round_id": Round.objects.get().pk, "player_id": player.pk, "now": clock.now()}
    with pytest.raises(PermissionDenied):
        rounds.close_round(**terms, reason="why", actor=staff("nobody"))
    for reason in ("", "  ", "x" * 301):
        with pytest.raises(rounds.RoundReasonRequired):
            rounds.close_round(**terms, reason=reason, actor=maker)
    with pytest.raises(rounds.RoundUnknown):
        rounds.close_round(**terms | {"player_id": player.pk + 1}, reason="why", actor=maker)
    assert (Round.objects.get().state, RoundEvent.objects.count()) == ("open", 0)


@pytest.mark.parametrize(
    "tamper", [lambda events: events.update(reason="nothing"), lambda events: events.delete()], ids=["update", "delete"]
)
def test_the_history_can_not_be_rewritten(vendor: Vendor, tamper: Callable[[QuerySet[RoundEvent]], object]) -> None:
    play(vendor, 3)
    resolve_incomplete_rounds(now=clock.now() + timedelta(days=3))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        tamper(RoundEvent.objects.all())
    assert RoundEvent.objects.count() == 1
