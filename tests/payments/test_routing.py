"""Which provider is asked: rules, limits of a day, contracts, circuits, drills, and markets with one route only."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connections

from apps.brands.models import Market, StaffScope
from apps.core import clock
from apps.integrations.models import Integration
from apps.payments import tasks
from apps.payments.circuits import FAILURES_TO_OPEN, OPEN_FOR, broken_circuits, note_failure, note_success, state_of
from apps.payments.contract import Direction
from apps.payments.models import Attempt, Capability, Circuit, Instrument, RouteDrill, RoutingRule
from apps.payments.operations.contract_versions import add_contract_version
from apps.payments.operations.drills import DrillNotPossible, end_drill, start_drill
from apps.payments.routing import routes_for, thin_routes
from apps.payments.tiers import tier_of
from apps.players.models import Player
from tests.factories.games import LONG_AGO
from tests.payments.bank import Bank
from tests.payments.conftest import connect_bank
from tests.payments.play import euro, sent, settled_deposit


@pytest.fixture
def second(integration: Integration, second_bank: Bank) -> Integration:
    return connect_bank(second_bank, "second", priority=200)


def routes(player: Player, amount: str = "100", direction: Direction = Direction.WITHDRAWAL, **more: Any) -> list[str]:
    found = routes_for(
        player=player, direction=direction, method="bank", money=euro(amount), now=more.pop("now", clock.now()), **more
    )
    return [each.slug for each in found]


def fail(integration: Integration, times: int = FAILURES_TO_OPEN) -> None:
    for _ in range(times):
        note_failure(integration.pk, now=clock.now())


def test_priority_decides_where_no_rule_does(player: Player, second: Integration) -> None:
    assert routes(player) == ["bank", "second"]


@pytest.mark.parametrize(
    ("rule", "amount", "expected"),
    [
        ({"verdict": "prefer"}, "100", ["second", "bank"]),
        ({"verdict": "prefer", "min_units": 500_000_000, "currency": "EUR"}, "100", ["bank", "second"]),
        ({"verdict": "prefer", "min_units": 500_000_000, "currency": "EUR"}, "500", ["second", "bank"]),
        ({"verdict": "prefer", "max_units": 99_000_000, "currency": "EUR"}, "100", ["bank", "second"]),
        ({"verdict": "never"}, "100", ["bank"]),
        ({"verdict": "never", "direction": "deposit"}, "100", ["bank", "second"]),
        ({"verdict": "never", "countries": ["GB"]}, "100", ["bank", "second"]),
        ({"verdict": "never", "tier": "new"}, "100", ["bank"]),
        ({"verdict": "never", "tier": "known"}, "100", ["bank", "second"]),
        ({"verdict": "never", "is_enabled": False}, "100", ["bank", "second"]),
    ],
)
def test_a_rule_prefers_avoids_and_forbids(
    player: Player, second: Integration, rule: dict[str, Any], amount: str, expected: list[str]
) -> None:
    RoutingRule.objects.create(name="rule", integration=second, **rule)
    assert routes(player, amount) == expected


def test_the_first_rule_that_fits_counts(player: Player, second: Integration) -> None:
    RoutingRule.objects.create(name="later", integration=second, verdict="never", position=20)
    RoutingRule.objects.create(name="first", integration=second, verdict="prefer", position=10)
    assert routes(player) == ["second", "bank"]


def test_what_a_contract_does_not_cover_is_not_routed(player: Player, second: Integration) -> None:
    terms = {"merchant_of_record": "We", "countries": ["GB"]}
    add_contract_version(
        integration_id=second.pk, terms=terms, valid_from=LONG_AGO, maker=None, checker=None, now=LONG_AGO
    )
    assert routes(player) == ["bank"]


def test_a_days_limit_sends_the_rest_elsewhere(player: Player, instrument: Instrument, second: Integration) -> None:
    Capability.objects.filter(integration__slug="bank", direction="withdrawal").update(daily_units=euro("150").units)
    assert sent(player, instrument, "100").integration.slug == "bank"  # type: ignore[union-attr]
    assert routes(player, "60") == ["second"]
    assert routes(player, "50") == ["bank", "second"]


def test_tiers_come_from_what_was_paid_in(player: Player, bank: Bank) -> None:
    assert tier_of(player) == "new"
    settled_deposit(player)
    assert tier_of(player) == "known"


def test_a_broken_provider_is_passed_over_and_then_tried_by_one(player: Player, second: Integration) -> None:
    first = Integration.objects.get(slug="bank")
    fail(first, FAILURES_TO_OPEN - 1)
    assert routes(player) == ["bank", "second"]
    fail(first, 1)
    assert routes(player) == ["second"]
    # A deposit may try it last: nothing is lost by that.
    assert routes(player, direction=Direction.DEPOSIT) == ["second", "bank"]
    later = clock.now() + OPEN_FOR + timedelta(seconds=1)
    assert state_of(Circuit.objects.get(pk=first.pk), now=later) == "half open"
    assert routes(player, now=later, takes_probe=False) == ["bank", "second"]
    assert routes(player, now=later) == ["bank", "second"]
    assert routes(player, now=later) == ["second"]
    note_success(first.pk)
    assert routes(player, now=later) == ["bank", "second"]


def test_a_failed_trial_opens_it_for_twice_as_long(player: Player, integration: Integration) -> None:
    fail(integration)
    pauses = []
    for _ in range(7):
        circuit = Circuit.objects.get(pk=integration.pk)
        assert circuit.open_until is not None
        at = circuit.open_until + timedelta(seconds=1)
        note_failure(integration.pk, now=at)
        after = Circuit.objects.get(pk=integration.pk).open_until
        assert after is not None
        pauses.append((after - at) // timedelta(minutes=1))
    assert pauses == [2, 4, 8, 16, 30, 30, 30]


def test_of_those_who_ask_at_once_one_tries(player: Player, integration: Integration) -> None:
    fail(integration)
    later = clock.now() + OPEN_FOR + timedelta(seconds=1)
    barrier, results = threading.Barrier(5), []

    def act() -> None:
        try:
            barrier.wait()
            results.append(bool(broken_circuits([integration.pk], now=later)))
        finally:
            connections.close_all()

    together(act, 5)
    assert sorted(results) == [False, True, True, True, True]


def together(run: Callable[[], None], number: int) -> None:
    threads = [threading.Thread(target=run) for _ in range(number)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def driller(player: Player, *, permitted: bool = True) -> User:
    user = User.objects.create_user(f"driller{permitted}", is_staff=True)
    if permitted:
        user.user_permissions.set(Permission.objects.filter(codename="run_routedrill"))
    StaffScope.objects.create(user=user, brand=player.brand)
    return user


def test_a_drill_shows_that_the_others_carry_it(player: Player, instrument: Instrument, second: Integration) -> None:
    first, anna = Integration.objects.get(slug="bank"), driller(player)
    terms: dict[str, Any] = {"integration_id": first.pk, "reason": "Yearly drill", "now": clock.now()}
    with pytest.raises(PermissionDenied):
        start_drill(minutes=15, actor=driller(player, permitted=False), **terms)
    for minutes in (0, 121):
        with pytest.raises(DrillNotPossible):
            start_drill(minutes=minutes, actor=anna, **terms)
    drill = start_drill(minutes=15, actor=anna, **terms)
    with pytest.raises(DrillNotPossible):
        start_drill(minutes=15, actor=anna, **terms)
    assert routes(player, direction=Direction.DEPOSIT) == ["second"]
    assert sent(player, instrument).integration == second
    after = end_drill(drill_id=drill.pk, now=clock.now())
    assert after.result == {"carried": {"second": {"accepted": 1}}, "leaked": 0}
    assert routes(player) == ["bank", "second"]
    assert Attempt.objects.count() == 1


def test_a_drill_ends_by_itself(player: Player, second: Integration) -> None:
    first = Integration.objects.get(slug="bank")
    drill = start_drill(integration_id=first.pk, minutes=15, reason="Drill", actor=driller(player), now=clock.now())
    assert routes(player, now=drill.ends_at) == ["bank", "second"]
    assert tasks.end_drills() == 0
    with time_machine.travel(drill.ends_at, tick=False):
        assert tasks.end_drills() == 1
    assert RouteDrill.objects.get().ended_at == drill.ends_at


def test_markets_with_fewer_than_two_routes_are_reported(player: Player, integration: Integration) -> None:
    (market,) = Market.objects.filter(brand=player.brand)[:1]
    found = {(each.jurisdiction, each.direction, each.providers) for each in thin_routes([player.brand_id])}
    assert (market.jurisdiction_id, "deposit", ("bank",)) in found
    Capability.objects.filter(direction="withdrawal").update(countries=["XX"])
    Capability.objects.filter(direction="deposit").update(countries=market.countries)
    assert (market.jurisdiction_id, "withdrawal", ()) in {
        (each.jurisdiction, each.direction, each.providers) for each in thin_routes([player.brand_id])
    }


def test_two_routes_are_enough(player: Player, second: Integration) -> None:
    assert thin_routes([player.brand_id]) == []
