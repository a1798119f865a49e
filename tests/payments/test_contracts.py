"""Terms with providers: versions, who may enter them, what they mean for fees, settlement and reserves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from apps.brands.models import StaffScope
from apps.core import clock
from apps.core.money import Money
from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.contracts.versions import ContractSecondPerson
from apps.integrations.models import Integration
from apps.payments import tasks
from apps.payments.contract import EventKind
from apps.payments.contracts import (
    contract_of,
    counts,
    expected_settlement,
    fee_of,
    settlement_term,
    target_holidays,
)
from apps.payments.models import Attempt, Deposit, Instrument, PaymentMethod, PspContract, ReserveHold
from apps.payments.operations.contract_versions import add_contract_version, read_terms, terms_of
from apps.payments.reserves_page import ageing
from apps.players.models import Player
from apps.transactions.books import check_books
from apps.transactions.models import AccountKind
from tests.payments.play import euro, sent, settled_deposit, shared, tell

TERMS: dict[str, Any] = {
    "merchant_of_record": "Aurora Ltd",
    "category_code": "7995",
    "descriptor": "AURORA",
    "settlement": [
        {
            "currency": "EUR", "lag_days": 2, "calendar": "target", "cut_off": "17:00", "timezone": "Europe/Berlin",
            "minimum": "100",
        }
    ],
    "reserve": [{"currency": "EUR", "percent": "5", "days": 180, "cap": "12"}],
    "fees": [
        {"kind": "deposit", "currency": "EUR", "percent": "1.5", "fixed": "0.10"},
        {"kind": "deposit", "method": "bank", "currency": "EUR", "percent": "0.25"},
        {"kind": "chargeback", "currency": "EUR", "fixed": "20"},
    ],
}  # fmt: skip


def agree(integration: Integration, at: datetime | None = None, **terms: Any) -> PspContract:
    begins = at or clock.now() + timedelta(seconds=1)
    return add_contract_version(
        integration_id=integration.pk, terms={**TERMS, **terms}, valid_from=begins, maker=None, checker=None,
        now=begins - timedelta(seconds=1),
    )  # fmt: skip


@pytest.fixture
def contract(integration: Integration) -> PspContract:
    return agree(integration, clock.now() - timedelta(days=1))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        # A Monday before and after the cut-off at 17:00 in Berlin (16:00 UTC in winter).
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), date(2026, 11, 26)),
        # In summer the cut-off is at 15:00 UTC.
        (datetime(2026, 7, 6, 15, 0, tzinfo=UTC), date(2026, 7, 9)),
        # Thursday late, over the weekend: counts for Friday, then Monday, Tuesday.
        (datetime(2026, 11, 26, 20, 0, tzinfo=UTC), date(2026, 12, 1)),
        # Over Christmas: Thursday the 24th, then 25 and 26 and the weekend do not count.
        (datetime(2026, 12, 24, 10, 0, tzinfo=UTC), date(2026, 12, 29)),
        # Over Easter 2027: Good Friday is 26 March, Easter Monday 29 March.
        (datetime(2027, 3, 25, 10, 0, tzinfo=UTC), date(2027, 3, 31)),
    ],
)
def test_settlement_is_expected_on_banking_days(contract: PspContract, at: datetime, day: date) -> None:
    term = settlement_term(contract, "EUR")
    assert term is not None
    assert expected_settlement(term, at) == day


@pytest.mark.parametrize(
    ("year", "friday"),
    [(2024, date(2024, 3, 29)), (2025, date(2025, 4, 18)), (2026, date(2026, 4, 3)), (2038, date(2038, 4, 23))],
)
def test_good_friday_is_a_closing_day(year: int, friday: date) -> None:
    assert friday in target_holidays(year)
    assert not counts(friday, "target")
    assert counts(friday, "weekdays")


def test_a_fee_of_the_method_goes_before_one_for_any_other(contract: PspContract) -> None:
    PaymentMethod.objects.create(code="card", name="Card")
    money = Money.parse("33.33", "EUR")
    assert fee_of(contract, "deposit", method="bank", money=money) == 83_325  # 0.25 %
    assert fee_of(contract, "deposit", method="card", money=money) == 100_000 + 499_950
    assert fee_of(contract, "withdrawal", method="bank", money=money) is None
    assert fee_of(None, "deposit", method="bank", money=money) is None


def test_each_payment_names_the_version_it_ran_under(
    player: Player, instrument: Instrument, integration: Integration, contract: PspContract
) -> None:
    first = sent(player, instrument)
    assert (first.contract, first.attempts.get().contract) == (contract, contract)
    before = settled_deposit(player)
    second = agree(integration, clock.now() - timedelta(microseconds=1), reserve=[])
    after = settled_deposit(player)
    assert (before.contract, after.contract) == (contract, second)
    assert list(Attempt.objects.order_by("pk").values_list("contract_id", flat=True)) == [
        contract.pk, contract.pk, second.pk,
    ]  # fmt: skip
    tell(before, EventKind.CHARGEBACK, dispute_reference="D1")
    assert before.disputes.get().contract == contract
    assert contract_of(integration.pk, now=clock.now()) == second


def test_what_was_agreed_is_never_altered(contract: PspContract) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PspContract.objects.update(note="other")
    for rows in (contract.fees.all(), contract.reserve_terms.all(), contract.settlement_terms.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(currency="SEK")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.delete()


def test_a_version_that_ran_out_is_not_in_force(integration: Integration) -> None:
    begins = clock.now() - timedelta(days=2)
    add_contract_version(
        integration_id=integration.pk, terms=TERMS, valid_from=begins, valid_to=begins + timedelta(days=1), maker=None,
        checker=None, now=begins,
    )  # fmt: skip
    assert contract_of(integration.pk, now=begins + timedelta(hours=23)) is not None
    assert contract_of(integration.pk, now=clock.now()) is None


def test_terms_are_written_as_they_are_read(contract: PspContract) -> None:
    written = terms_of(contract)
    fields, _ = read_terms(written)
    assert fields == {**read_terms(TERMS)[0], "defense_days": 14, "refund_days": 180}
    assert written["fees"][0] == {
        "kind": "chargeback", "method": None, "currency": "EUR", "percent": "0.0000", "fixed": "20.00",
    }  # fmt: skip
    assert written["settlement"][0]["cut_off"] == "17:00"


@pytest.mark.parametrize(
    "terms",
    [
        {"merchant_of_record": ""},
        {"nonsense": 1},
        {"liability": "nobody"},
        {"defense_days": -1},
        {"defense_days": True},
        {"countries": ["Malta"]},
        {"settlement": [{"currency": "EUR", "timezone": "Mars/Olympus"}]},
        {"settlement": [{"currency": "EUR", "cut_off": "25:00"}]},
        {"settlement": [{"currency": "XXX"}]},
        {"settlement": [{"currency": "EUR"}, {"currency": "EUR"}]},
        {"reserve": [{"currency": "EUR", "percent": "101", "days": 1}]},
        {"reserve": [{"currency": "EUR", "percent": "NaN", "days": 1}]},
        {"reserve": [{"currency": "EUR", "percent": "5", "days": 0}]},
        {"fees": [{"kind": "tip", "currency": "EUR"}]},
        {"fees": [{"kind": "deposit", "method": "shells", "currency": "EUR"}]},
        {"fees": [{"kind": "deposit", "currency": "EUR", "fixed": "-1"}]},
        {"fees": [{"kind": "deposit", "method": ["cards"], "currency": "EUR"}]},
        {"fees": [{"kind": "deposit", "currency": "EUR", "percents": "1"}]},
        {"fees": {"kind": "deposit"}},
        {"shifts_liability": "yes"},
        {"descriptor": "\x00"},
    ],
)
def test_terms_that_cannot_be_meant_are_refused(integration: Integration, terms: dict[str, Any]) -> None:
    with pytest.raises(TermsNotSound):
        agree(integration, clock.now(), **terms)
    assert not PspContract.objects.exists()


def test_new_terms_need_two_people_and_do_not_reach_into_the_past(
    player: Player, integration: Integration, contract: PspContract
) -> None:
    anna, bert = (officer(name, player) for name in ("anna", "bert"))
    terms: dict[str, Any] = {
        "integration_id": integration.pk, "terms": TERMS, "now": clock.now(),
        "valid_from": clock.now() + timedelta(days=1),
    }  # fmt: skip
    for checker in (None, anna):
        with pytest.raises(ContractSecondPerson):
            add_contract_version(maker=anna, checker=checker, **terms)
    with pytest.raises(PermissionDenied):
        add_contract_version(maker=anna, checker=User.objects.create_user("dora"), **terms)
    with pytest.raises(TermsNotSound, match="past"):
        add_contract_version(maker=anna, checker=bert, **{**terms, "valid_from": clock.now() - timedelta(hours=1)})
    second = add_contract_version(maker=anna, checker=bert, **terms)
    assert (second.version, second.added_by, second.approved_by) == (2, anna, bert)
    with pytest.raises(TermsNotSound, match="before version 2"):
        add_contract_version(maker=anna, checker=bert, **terms)


def officer(name: str, player: Player) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__endswith="_pspcontract"))
    StaffScope.objects.create(user=user, brand=player.brand)
    return user


# --- what is kept back


def test_a_part_of_each_deposit_is_kept_back_up_to_the_cap(player: Player, contract: PspContract) -> None:
    for _ in range(3):
        settled_deposit(player, "100")
    assert list(ReserveHold.objects.order_by("pk").values_list("units", flat=True)) == [
        euro("5").units, euro("5").units, euro("2").units,
    ]  # fmt: skip
    # 300 came, of which the provider owes us 288 now and 12 later.
    assert (shared(AccountKind.PSP), shared(AccountKind.RESERVE)) == ("-288.00", "-12.00")
    assert check_books() == []


def test_a_hold_comes_free_on_its_day_and_once(player: Player, contract: PspContract) -> None:
    settled_deposit(player, "100")
    hold = ReserveHold.objects.get()
    assert hold.release_at - hold.held_at == timedelta(days=180)
    assert tasks.release_reserves() == 0
    with time_machine.travel(hold.release_at, tick=False):
        assert [tasks.release_reserves(), tasks.release_reserves()] == [1, 0]
    assert (shared(AccountKind.PSP), shared(AccountKind.RESERVE)) == ("-100.00", "0.00")
    hold.refresh_from_db()
    assert hold.released_at == hold.release_at
    assert hold.released_by not in (None, hold.held_by)


def test_a_deposit_told_twice_is_held_back_once(player: Player, contract: PspContract) -> None:
    deposit = settled_deposit(player, "100")
    tell(deposit, EventKind.DEPOSIT_SETTLED, amount=euro("100"))
    assert ReserveHold.objects.count() == 1
    assert shared(AccountKind.RESERVE) == "-5.00"


def test_the_ageing_adds_up(player: Player, contract: PspContract) -> None:
    settled_deposit(player, "100")
    settled_deposit(player, "60")
    first, second = ReserveHold.objects.order_by("pk")
    ReserveHold.objects.filter(pk=second.pk).update(release_at=first.held_at + timedelta(days=5))
    (row,) = ageing(ReserveHold.objects.all(), at=first.held_at + timedelta(minutes=1))
    by_age = {age["title"]: age["units"] for age in row["ages"] if age["units"]}
    assert by_age == {"in 7 days": euro("3").units, "in 180 days": euro("5").units}
    assert (row["count"], row["total"]) == (2, euro("8").units)


def test_a_hold_that_the_ledger_does_not_know_breaks_the_books(player: Player, contract: PspContract) -> None:
    settled_deposit(player, "100")
    ReserveHold.objects.update(units=euro("4").units)
    found = [each for each in check_books() if each.rule == "reserve-is-open-holds"]
    assert [(each.expected, each.found) for each in found] == [(str(euro("4").units), str(euro("5").units))]
    ReserveHold.objects.update(units=euro("5").units)
    assert Deposit.objects.count() == 1
