"""Deposits against limits: reserved, settled, released; exact when many come at once (Q11)."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from apps.core.money import Money
from apps.players.models import Player
from apps.safer_play.admissions import PlayerExcluded
from apps.safer_play.deposits import (
    DepositLimitMissing,
    DepositLimitReached,
    DepositUseUnknown,
    note_refusal,
    release_deposit,
    reserve_deposit,
    settle_deposit,
)
from apps.safer_play.exclusions import ExclusionTerms, exclude_person
from apps.safer_play.models import DepositUse, Limit, Refusal
from apps.safer_play.windows import usage_of
from apps.transactions.models import AccountKind
from apps.transactions.posting import Leg, post, shared_account
from apps.wallets.operations import open_wallet
from tests.factories.integrations import make_brand
from tests.providers.table import EURO
from tests.safer_play.scene import limit, load_policies, player_in

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def reserve(player: Player, key: str, amount: str, *, now: datetime = NOW, currency: str = "EUR") -> None:
    reserve_deposit(player=player, deposit_key=key, money=Money.parse(amount, currency), now=now)


def test_headroom_is_used_to_the_last_cent_and_not_beyond(player: Player) -> None:
    limit(player, "deposit", "100", "day", now=NOW)
    reserve(player, "d1", "60")
    with pytest.raises(DepositLimitReached) as refusal:
        reserve(player, "d2", "40.01")
    assert refusal.value.extensions["headroom"] == {"amount": "40.00", "currency": "EUR"}
    assert refusal.value.extensions["returns_at"] == "2026-11-25T23:00:00+00:00"
    assert refusal.value.extensions["limit"] == {
        "kind": "deposit", "period": "day", "set_by": "player", "amount": {"amount": "100.00", "currency": "EUR"},
    }  # fmt: skip
    note_refusal(refusal.value)
    assert Refusal.objects.get().headroom_units == 40 * EURO
    reserve(player, "d3", "40")
    assert set(DepositUse.objects.values_list("deposit_key", flat=True)) == {"d1", "d3"}


def test_the_lowest_headroom_decides(player: Player) -> None:
    for period, amount in (("day", "100"), ("week", "80"), ("month", "500")):
        limit(player, "deposit", amount, period, now=NOW)
    with pytest.raises(DepositLimitReached) as refusal:
        reserve(player, "d1", "90")
    assert refusal.value.extensions["limit"]["period"] == "week"


def test_a_failed_deposit_gives_its_reservation_back_and_a_settled_one_does_not(player: Player) -> None:
    limit(player, "deposit", "100", "day", now=NOW)
    reserve(player, "d1", "100")
    release_deposit(deposit_key="d1", now=NOW)
    release_deposit(deposit_key="d1", now=NOW)
    reserve(player, "d2", "100")
    settle_deposit(deposit_key="d2", units=100 * EURO, now=NOW)
    settle_deposit(deposit_key="d2", units=1, now=NOW)
    release_deposit(deposit_key="d2", now=NOW)
    with pytest.raises(DepositLimitReached):
        reserve(player, "d3", "0.01")
    assert dict(DepositUse.objects.values_list("deposit_key", "state")) == {"d1": "released", "d2": "settled"}


def test_money_that_comes_late_or_is_more_than_was_reserved_counts_all_the_same(player: Player) -> None:
    limit(player, "deposit", "100", "day", now=NOW)
    reserve(player, "d1", "10")
    release_deposit(deposit_key="d1", now=NOW)
    settle_deposit(deposit_key="d1", units=95 * EURO, now=NOW)
    with pytest.raises(DepositLimitReached) as refusal:
        reserve(player, "d2", "5.01")
    assert refusal.value.extensions["headroom"]["amount"] == "5.00"


def test_the_same_key_reserves_once(player: Player) -> None:
    limit(player, "deposit", "100", "day", now=NOW)
    for _ in range(3):
        reserve(player, "d1", "60")
    reserve(player, "d2", "40")


def test_what_was_never_reserved_is_unknown(player: Player) -> None:
    with pytest.raises(DepositUseUnknown):
        settle_deposit(deposit_key="none", units=1, now=NOW)
    with pytest.raises(DepositUseUnknown):
        release_deposit(deposit_key="none", now=NOW)


def test_a_period_that_has_ended_gives_its_headroom_back(player: Player) -> None:
    limit(player, "deposit", "100", "day", now=NOW)
    reserve(player, "d1", "100")
    midnight = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)
    with pytest.raises(DepositLimitReached):
        reserve(player, "d2", "1", now=midnight - timedelta(microseconds=1))
    reserve(player, "d3", "100", now=midnight)


def paid_out(player: Player, kind: str, amount: str, now: datetime) -> None:
    """Post money to the provider (a payout), or back from him (a return)."""
    accounts = open_wallet(player, "EUR")
    psp = shared_account(brand_id=player.brand_id, currency="EUR", kind=AccountKind.PSP)
    out = kind == "payout"
    leg = Leg(
        debit=accounts.cash if out else psp,
        credit=psp if out else accounts.cash,
        amount=Money.parse(amount, "EUR").units,
    )
    post(kind=kind, brand_id=player.brand_id, currency="EUR", player_id=player.pk, legs=[leg], now=now)


@pytest.mark.parametrize(("law", "headroom"), [("NL", "70.00"), ("GB", "40.00"), ("DE", "40.00")])
def test_what_was_paid_out_gives_headroom_back_where_the_law_counts_net_only(
    policies: None, law: str, headroom: str
) -> None:
    player = player_in(law)
    limit(player, "deposit", "100", "month", now=NOW)
    DepositUse.objects.create(deposit_key="d1", player=player, currency="EUR", units=60 * EURO, reserved_at=NOW)
    paid_out(player, "payout", "50", NOW)
    paid_out(player, "return", "20", NOW)
    found = Limit.objects.get(player=player)
    assert (found.basis, found.window) == {
        "NL": ("net", "calendar"), "GB": ("gross", "fixed"), "DE": ("gross", "calendar"),
    }[law]  # fmt: skip
    assert str(usage_of(found, now=NOW + timedelta(minutes=1)).headroom_money) == f"{headroom} EUR"


@pytest.mark.parametrize(("at", "above"), [("1000", "1000.01")])
def test_the_law_caps_deposits_of_who_has_a_lower_limit_too(policies: None, at: str, above: str) -> None:
    player = player_in("ES")
    limit(player, "deposit", "3000", "month", now=NOW)
    with pytest.raises(DepositLimitReached) as refusal:
        reserve(player, "d1", "600.01")
    assert refusal.value.extensions["limit"]["set_by"] == "statute"
    reserve(player, "d2", "600")
    with pytest.raises(DepositLimitReached):
        reserve(player, "d3", "0.01", now=NOW + timedelta(minutes=1))


def test_no_deposits_without_a_limit_where_the_law_says_so(policies: None) -> None:
    player = player_in("NL")
    with pytest.raises(DepositLimitMissing):
        reserve(player, "d1", "1")
    assert DepositUse.objects.count() == 0


def test_another_currency_does_not_walk_around_a_limit(player: Player) -> None:
    limit(player, "deposit", "100", "day", now=NOW)
    with pytest.raises(DepositLimitMissing):
        reserve(player, "d1", "1", currency="USD")


def test_an_excluded_player_can_not_deposit_while_what_is_under_way_settles(player: Player) -> None:
    reserve(player, "d1", "50")
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="time_out", lasts=timedelta(days=1)), now=NOW)
    with pytest.raises(PlayerExcluded) as refusal:
        reserve(player, "d2", "50")
    assert refusal.value.extensions == {"until": "2026-11-26T12:00:00+00:00", "kind": "time_out"}
    settle_deposit(deposit_key="d1", units=50 * EURO, now=NOW)
    reserve(player, "d3", "50", now=NOW + timedelta(days=1))


def test_what_the_callers_transaction_undoes_is_not_reserved(player: Player) -> None:
    with transaction.atomic():
        reserve(player, "d1", "50")
        transaction.set_rollback(True)
    assert DepositUse.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_fifty_deposits_at_once_take_the_headroom_and_no_more() -> None:
    make_brand()
    load_policies()
    player = player_in("MT")
    limit(player, "deposit", "100", "day", now=NOW)
    limit(player, "deposit", "150", "week", now=NOW)
    barrier = threading.Barrier(50)
    accepted: list[str] = []

    def deposit(key: str) -> None:
        barrier.wait(timeout=30)
        try:
            reserve(player, key, "7")
            accepted.append(key)
        except DepositLimitReached:
            pass

    in_threads([partial(deposit, f"d{number}") for number in range(50)])
    assert len(accepted) == 14
    assert sum(DepositUse.objects.values_list("units", flat=True)) == 98 * EURO
    in_threads(
        [
            *(partial(settle_deposit, deposit_key=key, units=7 * EURO, now=NOW) for key in accepted[:7]),
            *(partial(release_deposit, deposit_key=key, now=NOW) for key in accepted[7:]),
        ]
    )
    assert not DepositUse.objects.filter(state="reserved").exists()
    assert DepositUse.objects.filter(state="settled").count() == 7
    reserve(player, "after", "51")
    with pytest.raises(DepositLimitReached):
        reserve(player, "beyond", "0.01")


def in_threads(acts: Sequence[Callable[[], None]]) -> None:
    def run(act: Callable[[], None]) -> None:
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
