"""What only one of the payment protocols has: batches, unsigned fields, signed answers, decimals of chains."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.integrations.connections import Key
from apps.integrations.models import InboundEvent
from apps.payments.adapters.adyen.wire import MEANINGS, money_of, wire_amount
from apps.payments.adapters.cryptoprocessing.wire import BadCallback, event_of
from apps.payments.adapters.trustly.signature import verified_by
from apps.payments.contract import EventKind
from apps.payments.models import Deposit
from tests.contracts.psps import Adyen, Crypto, Message, Trustly, key
from tests.factories.payments import TRUSTLY_KEYS


@pytest.fixture
def adyen(db: None, client: Client) -> Adyen:
    return Adyen("adyen", client)


@pytest.fixture
def trustly(db: None, client: Client) -> Trustly:
    return Trustly("trustly", client)


def settled(psp: Adyen | Trustly, amount: str = "100") -> Deposit:
    deposit = psp.deposit(amount)
    psp.tell(*psp.paid_in(deposit))
    return deposit


# --- Adyen


def test_adyen_takes_every_item_of_a_batch(adyen: Adyen) -> None:
    deposits = [adyen.deposit(amount) for amount in ("1", "2", "3")]
    adyen.tell(adyen.batch(*[adyen.item(each, "AUTHORISATION") for each in deposits]))
    assert [adyen.state(each) for each in deposits] == ["settled"] * 3
    assert adyen.balances()[0] == "1006.00"


def test_adyen_one_bad_item_refuses_the_batch(adyen: Adyen) -> None:
    """The vendor's own validator looks at the first item only."""
    deposits = [adyen.deposit("1"), adyen.deposit("2")]
    body = json.loads(adyen.batch(*[adyen.item(each, "AUTHORISATION") for each in deposits]).body)
    body["notificationItems"][1]["NotificationRequestItem"]["amount"]["value"] = 99_900
    response = adyen.send(Message("notifications", json.dumps(body).encode(), {"Authorization": adyen.basic}))
    assert (response.status_code, InboundEvent.objects.count()) == (401, 0)
    del body["notificationItems"][1]["NotificationRequestItem"]["additionalData"]
    response = adyen.send(Message("notifications", json.dumps(body).encode(), {"Authorization": adyen.basic}))
    assert (response.status_code, InboundEvent.objects.count()) == (401, 0)


def test_adyen_wants_the_password_too(adyen: Adyen) -> None:
    message = adyen.paid_in(adyen.deposit("1"))[0]
    assert adyen.send(Message(message.path, message.body)).status_code == 401
    assert adyen.send(message).content == b"[accepted]"


def test_adyen_items_of_another_merchant_are_refused(adyen: Adyen) -> None:
    item = adyen.item(adyen.deposit("1"), "AUTHORISATION", merchantAccountCode="Another")
    assert adyen.send(adyen.batch(item)).status_code == 400
    # Joined by colons it reads the same as an item of ours: value by value it does not.
    item = adyen.item(adyen.deposit("1"), "AUTHORISATION", pspReference="A::TestMerchant", merchantAccountCode="")
    assert adyen.send(adyen.batch(item)).status_code == 400


def test_adyen_unsigned_fields_change_nothing(adyen: Adyen) -> None:
    deposit = adyen.deposit("100")
    body = json.loads(adyen.paid_in(deposit)[0].body)
    item = body["notificationItems"][0]["NotificationRequestItem"]
    item |= {"reason": "Refused", "eventDate": "2099-01-01T00:00:00+01:00", "paymentMethod": "x"}
    item["additionalData"] |= {"disputeStatus": "Won", "authorisedAmountValue": "9999999"}
    body["live"] = "true"
    adyen.tell(Message("notifications", json.dumps(body).encode(), {"Authorization": adyen.basic}))
    assert (adyen.state(deposit), adyen.balances()[0]) == ("settled", "1100.00")


def test_adyen_every_step_of_a_dispute_is_a_line_of_the_ledger(adyen: Adyen) -> None:
    deposit = settled(adyen)
    ladder = (
        ("NOTIFICATION_OF_CHARGEBACK", "1100.00"),
        ("CHARGEBACK", "1000.00"),
        ("INFORMATION_SUPPLIED", "1000.00"),
        ("CHARGEBACK_REVERSED", "1100.00"),
        ("SECOND_CHARGEBACK", "1000.00"),
        ("PREARBITRATION_LOST", "1000.00"),
    )
    original = deposit.attempts.get().psp_reference
    for code, cash in ladder:
        # One dispute has one reference, through all its stages.
        message = adyen.batch(adyen.item(deposit, code, originalReference=original, pspReference="DISPUTE1"))
        adyen.tell(message, message)
        assert adyen.balances()[0] == cash, code
    assert set(InboundEvent.objects.values_list("state", flat=True)) == {"processed"}


@pytest.mark.parametrize(
    ("currency", "text", "value"),
    [("EUR", "11.30", 1130), ("JPY", "500", 500), ("KWD", "0.125", 125), ("ISK", "10", 1000), ("IDR", "7", 7)],
)
def test_adyen_minor_units(currency: str, text: str, value: int) -> None:
    money = money_of({"value": str(value), "currency": currency})
    assert money is not None
    assert (money.decimal, wire_amount(money)["value"]) == (type(money.decimal)(text), value)


def test_adyen_no_money_event_hangs_on_a_failure_flag() -> None:
    moves = {EventKind.CHARGEBACK, EventKind.CHARGEBACK_REVERSED, EventKind.SECOND_CHARGEBACK, EventKind.PAYOUT_PAID}
    assert not {code for code, (_, failed) in MEANINGS.items() if failed in moves}


def test_adyen_transfer_from_the_future_is_refused_and_from_the_past_is_taken(adyen: Adyen) -> None:
    withdrawal = adyen.withdrawal("100")
    ahead = (clock.now() + timedelta(hours=1)).isoformat()
    assert adyen.send(adyen.transfer(withdrawal, "booked", timestamp=ahead)).status_code == 400
    assert (InboundEvent.objects.count(), adyen.state(withdrawal)) == (0, "submitted")
    adyen.tell(adyen.transfer(withdrawal, "booked", timestamp="2020-01-01T00:00:00+01:00"))
    assert (adyen.state(withdrawal), adyen.balances()) == ("paid", ("900.00", "0.00"))


# --- Trustly


def test_trustly_is_answered_with_our_signature(trustly: Trustly) -> None:
    message = trustly.paid_in(trustly.deposit("1"))[0]
    result = trustly.send(message).json()["result"]
    sent = json.loads(message.body)
    assert (result["uuid"], result["method"], result["data"]) == (
        sent["params"]["uuid"],
        sent["method"],
        {"status": "OK"},
    )
    ours = (Key("ours", "", "", TRUSTLY_KEYS["public_key_pem"].encode()),)
    signed: Any = {name: result[name] for name in ("method", "uuid", "data")}
    assert verified_by(ours, result["signature"], **signed) == "ours"


def test_trustly_from_the_future_is_refused_and_from_the_past_is_taken(trustly: Trustly) -> None:
    deposit = trustly.deposit("1")
    terms = {"messageid": key(deposit), "orderid": "5", "amount": "1.00", "currency": "EUR"}
    ahead = (clock.now() + timedelta(hours=1)).isoformat(sep=" ")
    assert trustly.send(trustly.message("credit", timestamp=ahead, **terms)).status_code == 400
    trustly.tell(trustly.message("credit", timestamp="2013-12-20 14:42:04.675645+01", **terms))
    assert trustly.state(deposit) == "settled"


def test_trustly_debit_takes_a_deposit_back(trustly: Trustly) -> None:
    deposit = settled(trustly)
    terms = {"messageid": key(deposit), "orderid": deposit.attempts.get().psp_reference}
    trustly.tell(trustly.message("debit", amount="100.00", currency="EUR", **terms))
    assert (trustly.state(deposit), trustly.balances()[0]) == ("reversed", "1000.00")


def test_trustly_signs_fields_that_we_do_not_know(trustly: Trustly) -> None:
    deposit = trustly.deposit("1")
    terms: dict[str, Any] = {"messageid": key(deposit), "orderid": "5", "amount": "1.00", "currency": "EUR"}
    terms["thirdparty"] = None
    trustly.tell(trustly.message("credit", **terms))
    assert trustly.state(deposit) == "settled"


# --- CryptoProcessing


def callback(**fields: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": "1",
        "type": "deposit",
        "status": "confirmed",
        "crypto_address": {"foreign_id": "d-1"},
        "currency_received": {"currency": "BTC", "amount": "0.01000000", "amount_minus_fee": "0.00992000"},
        "transactions": [{"id": "9", "confirmations": "3"}],
    }
    return base | fields


def test_crypto_amounts_are_exact_and_never_rounded_up() -> None:
    event = event_of(callback())
    assert (event.amount and event.amount.units, event.fee and event.fee.units) == (1_000_000, 8_000)
    fine = event_of(callback(currency_received={"currency": "ETH", "amount": "0.123456789999999999"}))
    assert fine.amount is not None
    assert (fine.amount.units, fine.facts["below_ledger_unit"]) == (12_345_678, "0.000000009999999999")


def test_crypto_amounts_may_be_told_elsewhere() -> None:
    sent = event_of(callback(currency_received=None, currency_sent={"currency": "BTC", "amount": "0.5"}))
    assert sent.amount is not None
    assert sent.amount.units == 50_000_000
    with pytest.raises(BadCallback):
        event_of(callback(currency_received=None))


@pytest.mark.parametrize("amount", ["1e-3", "-1", "NaN", "", "0x1", " 1", "1,0"])
def test_crypto_amounts_of_another_shape_are_refused(amount: str) -> None:
    with pytest.raises(BadCallback):
        event_of(callback(currency_received={"currency": "BTC", "amount": amount}))


def test_crypto_one_transaction_is_two_events() -> None:
    ids = [event_of(callback(status=status)).event_id for status in ("not_confirmed", "confirmed")]
    assert ids == ["tx 9:not_confirmed", "tx 9:confirmed"]


def test_crypto_credits_on_confirmed_only(db: None, client: Client) -> None:
    crypto = Crypto("cryptoprocessing", client, currency="BTC")
    deposit = crypto.deposit("0.01")
    first, second = crypto.paid_in(deposit)
    crypto.tell(first)
    assert (crypto.state(deposit), crypto.balances()[0]) == ("pending", "1000.00000000")
    response = crypto.send(second)
    assert (response.status_code, response.content) == (200, b"")
    crypto.work()
    assert (crypto.state(deposit), crypto.balances()[0]) == ("settled", "1000.01000000")
