"""Accounts that providers name: the real token, whatever the order, and never from what is not signed."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.payments.adapters.adyen.wire import event_of_item
from apps.payments.models import Deposit, Instrument
from tests.contracts.psps import Trustly, key
from tests.factories.games import make_player

pytestmark = pytest.mark.django_db

ACCOUNT = {
    "accountid": "7653385737", "verified": "1",
    "attributes": {"bank": "Nordea", "lastdigits": "4321", "name": "SALO MAREN"},
}  # fmt: skip


@pytest.fixture
def trustly(client: Client) -> Trustly:
    found = Trustly("trustly", client)
    found.player.first_name, found.player.last_name = "Maren", "Salo"
    found.player.save(update_fields=["first_name", "last_name"])
    return found


def account(psp: Trustly, deposit: Deposit, **more: Any) -> Any:
    """The notification that names the account; its attributes are signed as they stand."""
    data = {"messageid": key(deposit), "orderid": str(9_000_000 + deposit.pk), **ACCOUNT, **more}
    attributes = data.pop("attributes")
    message = psp.message("account", **data)
    # Attributes are an object: signed key by key, in order, like everything else.
    body = json.loads(message.body)
    inner = {**body["params"]["data"], "attributes": attributes}
    return psp.nested("account", body["params"]["uuid"], inner)


@pytest.mark.parametrize("is_first", [True, False])
def test_the_account_is_known_whether_it_is_told_before_or_after_the_money(trustly: Trustly, *, is_first: bool) -> None:
    deposit = trustly.deposit()
    told = [account(trustly, deposit)]
    paid = trustly.paid_in(deposit)
    trustly.tell(*(told + paid if is_first else paid + told))
    instrument = Instrument.objects.get()
    assert (instrument.token, instrument.masked) == ("7653385737", "Nordea …4321")
    assert (instrument.verification, instrument.name_score) == ("verified", 100)
    assert Deposit.objects.get(pk=deposit.pk).instrument == instrument
    assert instrument.last_used_at is not None
    assert {each.source for each in instrument.events.all()} <= {"provider", "deposit"}


def test_without_its_notification_there_is_no_account_to_pay_to(trustly: Trustly) -> None:
    trustly.tell(*trustly.paid_in(trustly.deposit()))
    assert not Instrument.objects.exists()


def test_an_account_in_another_name_is_a_mismatch(trustly: Trustly) -> None:
    deposit = trustly.deposit()
    attributes = {**ACCOUNT["attributes"], "name": "Pekka Virtanen"}  # type: ignore[dict-item]
    trustly.tell(account(trustly, deposit, attributes=attributes), *trustly.paid_in(deposit))
    assert Instrument.objects.get().verification == "mismatch"


def test_an_account_that_two_players_use_is_flagged_on_both_sides(trustly: Trustly) -> None:
    deposit = trustly.deposit()
    trustly.tell(account(trustly, deposit), *trustly.paid_in(deposit))
    assert not Instrument.objects.get().is_shared
    trustly.player = make_player("second", cash="10", currency="EUR")
    other = trustly.deposit()
    trustly.tell(account(trustly, other), *trustly.paid_in(other))
    assert list(Instrument.objects.values_list("is_shared", flat=True)) == [True, True]


def test_a_card_that_pays_again_is_told_anew_and_not_taken_for_a_contradiction() -> None:
    item = {
        "eventCode": "RECURRING_CONTRACT", "success": "true", "merchantAccountCode": "M", "pspReference": "TOKEN1",
        "amount": {"value": "0", "currency": "EUR"},
    }  # fmt: skip
    payments = ("1", "2", "1")
    told = [item | {"originalReference": f"PAY{number}", "merchantReference": f"d-{number}"} for number in payments]
    first, second, again = (event_of_item(each, "M").event_id for each in told)
    assert (first == again, first == second) == (True, False)


def test_a_card_token_is_the_signed_reference_and_has_to_be_fetched() -> None:
    item = {
        "eventCode": "RECURRING_CONTRACT", "success": "true", "merchantAccountCode": "M", "pspReference": "TOKEN1",
        "originalReference": "PAY1", "merchantReference": "d-1", "amount": {"value": "0", "currency": "EUR"},
        "additionalData": {"recurring.recurringDetailReference": "THIEF"},
    }  # fmt: skip
    event = event_of_item(item, "M")
    assert event.instrument is not None
    assert (event.kind, event.instrument.token, event.psp_reference) == ("instrument_known", "TOKEN1", "PAY1")
    assert event.needs_fetch
    assert event.amount is None
