"""Bonuses for deposits, and what withdrawals, reversals, chargebacks and refunds do to them."""

import pytest
from django.test import Client

from apps.bonuses.following import act, follow_ledger
from apps.bonuses.models import DepositSeen, Grant
from apps.core import clock
from apps.integrations.outbox import Fact, consume
from apps.payments.contract import EventKind
from apps.payments.models import Deposit, Instrument
from apps.players.models import Player
from tests.bonuses.scene import bet, claim, fresh, match_terms, publish, purse, worked
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of
from tests.factories.players import problem
from tests.payments.bank import Bank
from tests.payments.conftest import _bank_protocol, bank, connect_bank, make_instrument
from tests.payments.play import euro, requested, settled_deposit, tell
from tests.providers.table import EURO

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["_bank_protocol", "bank"]


@pytest.fixture
def instrument(player: Player, bank: Bank) -> Instrument:
    connect_bank(bank)
    return make_instrument(player)


def offered(player: Player, amount: str = "40") -> tuple[Deposit, Grant]:
    """A deposit, and the bonus that waits for it."""
    deposit = settled_deposit(player, amount)
    worked()
    return deposit, Grant.objects.get(deposit=deposit)


def taken(player: Player, frontend: Client, **terms: object) -> tuple[Deposit, Grant]:
    """A deposit whose bonus was taken."""
    publish(match_terms(**terms))
    deposit, grant = offered(player)
    assert claim(frontend, grant.public_id).status_code == 200
    return deposit, grant


def test_a_settled_deposit_brings_one_bonus_of_each_offer_however_often_it_is_told(
    player: Player, frontend: Client, instrument: Instrument
) -> None:
    publish(match_terms(per_player=5))
    publish(match_terms(amounts={"maximum": "10.00"}), code="small")
    too_small = settled_deposit(player, "19.99")
    deposit, first = offered_two(player)
    tell(deposit, EventKind.DEPOSIT_SETTLED, "again", amount=euro("40"))
    worked()
    DepositSeen.objects.update(done_at=None)
    assert act(now=clock.now()) == 0
    amounts = {each.offer.code: each.amount_units // EURO for each in Grant.objects.select_related("offer")}
    assert amounts == {"welcome": 40, "small": 10}
    assert not Grant.objects.filter(deposit=too_small).exists()
    assert claim(frontend, first.public_id).json()["amount"] == {"amount": "40.00", "currency": "EUR"}
    assert purse(player) == (159.99, 40)
    second = Grant.objects.get(offer__code="small")
    problem(claim(frontend, second.public_id), 409, "bonus-already-active")
    clock.advance(4 * 86_400)
    worked()
    assert (fresh(second).state, fresh(first).state) == ("expired", "active")
    assert [row["state"] for row in frontend_of(player).get("/api/v1/bonuses").json()["results"]] == [
        "expired",
        "active",
    ]


def offered_two(player: Player) -> tuple[Deposit, Grant]:
    deposit = settled_deposit(player, "40")
    worked()
    return deposit, Grant.objects.get(deposit=deposit, offer__code="welcome")


def test_a_deposit_that_settles_late_is_held_against_the_offer_of_that_moment(
    player: Player, frontend: Client, instrument: Instrument
) -> None:
    publish(match_terms(), valid_to=clock.now().replace(year=clock.now().year + 1))
    clock.advance(2 * 366 * 86_400)
    settled_deposit(player, "40")
    worked()
    assert not Grant.objects.exists()


def test_a_withdrawal_ends_a_bonus_where_its_terms_say_so_and_own_money_always_goes(
    player: Player, frontend: Client, vendor: Vendor, instrument: Instrument
) -> None:
    _, grant = taken(player, frontend, on_withdrawal="forfeit")
    bet(vendor, 150, "r1")
    assert purse(player) == (0, 30)
    settled_deposit(player, "50")
    requested(player, instrument, "50")
    worked()
    ended = fresh(grant)
    assert (ended.state, ended.end_reason, ended.taken_back_units) == ("forfeited", "withdrawal", 30 * EURO)
    assert purse(player) == (0, 0)


def test_a_withdrawal_leaves_a_bonus_alone_where_its_terms_say_so(
    player: Player, frontend: Client, instrument: Instrument
) -> None:
    _, grant = taken(player, frontend)
    requested(player, instrument, "140")
    worked()
    assert (fresh(grant).state, purse(player)) == ("active", (0, 40))


@pytest.mark.parametrize("how", ["reversed", "chargeback"])
def test_a_deposit_that_goes_back_takes_its_bonus_along_as_far_as_it_is_there(
    player: Player, frontend: Client, vendor: Vendor, instrument: Instrument, how: str
) -> None:
    deposit, grant = taken(player, frontend)
    bet(vendor, 155, "r1")
    kind = EventKind.DEPOSIT_REVERSED if how == "reversed" else EventKind.CHARGEBACK
    tell(deposit, kind, "back", amount=euro("40"))
    worked()
    ended = fresh(grant)
    assert (ended.state, ended.end_reason, ended.taken_back_units) == ("cancelled", "deposit-reversed", 25 * EURO)
    assert purse(player) == (0, 0)


def test_a_bonus_of_a_deposit_that_went_back_can_not_be_taken_before_the_follower_knows(
    player: Player, frontend: Client, instrument: Instrument
) -> None:
    publish(match_terms())
    deposit, grant = offered(player)
    tell(deposit, EventKind.DEPOSIT_REVERSED, "back", amount=euro("40"))
    problem(claim(frontend, grant.public_id), 409, "bonus-not-available")
    worked()
    assert (fresh(grant).state, purse(player)) == ("cancelled", (100, 0))


def test_what_has_become_cash_before_the_deposit_went_back_stays_the_players(
    player: Player, frontend: Client, vendor: Vendor, instrument: Instrument
) -> None:
    deposit, grant = taken(player, frontend, wagering={"times": "1"})
    bet(vendor, 50, "r1")
    worked()
    assert (fresh(grant).state, purse(player)) == ("completed", (130, 0))
    tell(deposit, EventKind.DEPOSIT_REVERSED, "back", amount=euro("40"))
    worked()
    assert (fresh(grant).state, purse(player)) == ("completed", (90, 0))


def test_everything_is_told_as_facts_with_what_monitoring_reads(
    player: Player, frontend: Client, vendor: Vendor, instrument: Instrument
) -> None:
    _, grant = taken(player, frontend, wagering={"times": "1"})
    bet(vendor, 50, "r1")
    worked()
    told: list[Fact] = []
    kinds = {f"bonuses.bonus.{word}" for word in ("offered", "claimed", "completed")}
    assert worked() == 0
    assert consume(consumer="test", handle=told.extend, kinds=kinds) == 3
    assert [fact.kind.rpartition(".")[2] for fact in told] == ["offered", "claimed", "completed"]
    assert {fact.subject for fact in told} == {str(grant.public_id)}
    assert told[2].data == {
        "bonus": str(grant.offer.public_id), "offer": "welcome", "currency": "EUR", "amount_units": 40 * EURO,
        "converted_units": 40 * EURO, "taken_back_units": 0, "end": "wagered",
    }  # fmt: skip
    assert follow_ledger() == 0
