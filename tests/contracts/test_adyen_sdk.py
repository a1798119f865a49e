"""Adyen's own Python SDK signs what we are told: a second implementation, with a trap of its own that is not ours."""

import json
from typing import Any

import pytest
from Adyen.util import (
    generate_notification_sig,
    generate_payload_sig,
    is_valid_hmac_notification,
    is_valid_hmac_payload,
)
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from apps.integrations.connections import Key
from apps.integrations.models import InboundEvent
from apps.payments.adapters.adyen.signature import item_verified_by, payload_signature
from apps.payments.adapters.exact_json import read_object
from tests.contracts.psps import Adyen, Message
from tests.factories.payments import HMAC_KEY

KEYS = (Key("ours", "verify_inbound", "", HMAC_KEY.encode()),)


@pytest.fixture
def adyen(db: None, client: Client) -> Adyen:
    return Adyen("adyen", client)


def signed_by_sdk(adyen: Adyen, *items: dict[str, Any]) -> Message:
    """A batch whose items the vendor's library has signed."""
    wrapped = []
    for item in items:
        signature = generate_notification_sig(item, HMAC_KEY).decode()
        wrapped.append({"NotificationRequestItem": {**item, "additionalData": {"hmacSignature": signature}}})
    body = json.dumps({"live": "false", "notificationItems": wrapped}).encode()
    return Message("notifications", body, {"Authorization": adyen.basic})


def test_what_the_sdk_signs_is_taken_and_booked(adyen: Adyen) -> None:
    deposits = [adyen.deposit("100"), adyen.deposit("50")]
    adyen.tell(signed_by_sdk(adyen, *[adyen.item(each, "AUTHORISATION") for each in deposits]))
    assert [adyen.state(each) for each in deposits] == ["settled", "settled"]
    assert adyen.balances() == ("1150.00", "0.00")


def test_a_transfer_that_the_sdk_signs_is_taken_and_booked(adyen: Adyen) -> None:
    withdrawal = adyen.withdrawal("100")
    body = adyen.transfer(withdrawal, "booked").body
    signature = generate_payload_sig(body, HMAC_KEY).decode()
    adyen.tell(Message("notifications", body, {"Authorization": adyen.basic, "HmacSignature": signature}))
    assert (adyen.state(withdrawal), adyen.balances()) == ("paid", ("900.00", "0.00"))


def test_the_sdk_looks_at_the_first_item_only_and_we_look_at_every_one(adyen: Adyen) -> None:
    first, second = adyen.deposit("1"), adyen.deposit("2")
    body = json.loads(signed_by_sdk(adyen, *[adyen.item(each, "AUTHORISATION") for each in (first, second)]).body)
    forged = body["notificationItems"][1]["NotificationRequestItem"]
    forged["amount"]["value"] = 9_990_000
    assert is_valid_hmac_notification(body, HMAC_KEY) is True  # the vendor's own answer to a forged batch
    message = Message("notifications", json.dumps(body).encode(), {"Authorization": adyen.basic})
    assert adyen.send(message).status_code == 401
    assert (InboundEvent.objects.count(), adyen.balances()[0]) == (0, "1000.00")


def test_the_sdk_says_nothing_of_an_item_without_a_signature_and_we_refuse_it(adyen: Adyen) -> None:
    item = adyen.item(adyen.deposit("1"), "AUTHORISATION")
    body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
    assert is_valid_hmac_notification(body, HMAC_KEY) is None
    message = Message("notifications", json.dumps(body).encode(), {"Authorization": adyen.basic})
    assert (adyen.send(message).status_code, InboundEvent.objects.count()) == (401, 0)


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(("pspReference", "originalReference", "merchantAccountCode", "merchantReference"), _TEXTS)
    ),
    value=st.integers(0, 10**12),
    success=st.sampled_from(["true", "false"]),
)
def test_for_any_item_the_two_agree(texts: dict[str, str], value: int, success: str) -> None:
    item = {**texts, "amount": {"value": value, "currency": "EUR"}, "eventCode": "CAPTURE", "success": success}
    signature = generate_notification_sig(item, HMAC_KEY).decode()
    signed = read_object(json.dumps({**item, "additionalData": {"hmacSignature": signature}}).encode())
    assert item_verified_by(KEYS, signed) == "ours"
    altered = {**signed, "success": "false" if success == "true" else "true"}
    assert item_verified_by(KEYS, altered) is None


@given(st.binary(max_size=200))
def test_for_any_body_the_two_agree(body: bytes) -> None:
    assert is_valid_hmac_payload(payload_signature(HMAC_KEY.encode(), body), HMAC_KEY, body)
