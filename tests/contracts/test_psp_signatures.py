"""Published and constructed vectors of the payment protocols, and what must not verify. No database, no HTTP."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from apps.integrations.connections import Key
from apps.payments.adapters.adyen import signature as adyen
from apps.payments.adapters.cryptoprocessing import signature as crypto
from apps.payments.adapters.exact_json import BadJson, read_object
from apps.payments.adapters.trustly import signature as trustly
from apps.payments.adapters.trustly.wire import BadNotification, Call, event_of, read_call

PROTOCOLS = json.loads((Path(__file__).parent.parent / "fixtures/vectors/payments.json").read_text())["protocols"]
TRUSTLY, ADYEN = PROTOCOLS["trustly"], PROTOCOLS["adyen_standard"]
ADYEN_PAYLOAD, CRYPTO = PROTOCOLS["adyen_payload"], PROTOCOLS["cryptoprocessing"]
TRUSTLY_PRIVATE = TRUSTLY["keys"]["test"]["private_key_pem"].encode()


def key(secret: str, kid: str = "right") -> Key:
    return Key(kid, "verify_inbound", "", secret.encode())


TRUSTLY_KEYS = (key(TRUSTLY["keys"]["test"]["public_key_pem"]),)
ADYEN_KEYS = (key("00" * 32, "other"), key(ADYEN["hmac_key_hex"]))
CRYPTO_KEYS = (key("another", "other"), key(CRYPTO["secret"]))


def named(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["id"] for vector in vectors])


# --- Trustly


@named(TRUSTLY["vectors"])
def test_trustly_vectors(vector: dict[str, Any]) -> None:
    terms = {name: vector[name] for name in ("method", "uuid", "data")}
    assert trustly.plaintext(**terms).decode() == vector["plaintext"]
    expected = "right" if vector["expect"] == "accept" else None
    assert trustly.verified_by(TRUSTLY_KEYS, vector["signature"], **terms) == expected
    if vector["expect"] == "accept":
        algorithm = "RS256" if vector["signature"].startswith("alg=RS256;") else ""
        assert trustly.sign(TRUSTLY_PRIVATE, algorithm=algorithm, **terms) == vector["signature"]


@named(TRUSTLY["serialization"])
def test_trustly_serialization(vector: dict[str, Any]) -> None:
    assert trustly.serialize(vector["data"]) == vector["serialized"]


@pytest.mark.parametrize("algorithm", ["RS384", "RS512"])
def test_trustly_longer_digests(algorithm: str) -> None:
    terms: dict[str, Any] = {"method": "credit", "uuid": "u", "data": {"a": "1"}}
    signed = trustly.sign(TRUSTLY_PRIVATE, algorithm=algorithm, **terms)
    assert trustly.verified_by(TRUSTLY_KEYS, signed, **terms) == "right"
    # The same bytes under another name of digest prove nothing.
    renamed = signed.replace(f"alg={algorithm};", "alg=RS256;")
    assert trustly.verified_by(TRUSTLY_KEYS, renamed, **terms) is None
    assert trustly.verified_by(TRUSTLY_KEYS, signed.replace("alg=RS", "alg=none"), **terms) is None


def test_trustly_agrees_with_the_library_alone() -> None:
    loaded = serialization.load_pem_private_key(TRUSTLY_PRIVATE, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    data = {"z": [1, {"b": None, "a": True}], "a": "å", "A": ""}
    node = read_object(json.dumps({"data": data}).encode())["data"]
    signed = base64.b64encode(loaded.sign("muAaåz1atrueb".encode(), padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303
    assert trustly.verified_by(TRUSTLY_KEYS, signed.decode(), method="m", uuid="u", data=node) == "right"


def test_trustly_numbers_are_signed_as_they_were_written() -> None:
    assert trustly.serialize(read_object(b'{"a": 0.10, "b": 1e2, "c": 100}')) == "a0.10b1e2c100"


def notification(**fields: Any) -> Call:
    data = dict(TRUSTLY["vectors"][1]["data"]) | fields
    data = {name: value for name, value in data.items() if value is not ...}
    return Call("credit", TRUSTLY["vectors"][1]["uuid"], "", data)


@pytest.mark.parametrize(
    "fields",
    [
        # The same signed text, cut at other places: no separators stand between keys and values.
        {"amount": "902.50attributescurrencyEUR", "currency": ..., "attributes": ...},
        {"amount": ..., "amount902.50attributescurrency": "EUR", "attributes": ..., "currency": ...},
        {"messageid": "98348932notificationid9876543456", "notificationid": ...},
        {"orderid": "8765456", "orderid7": "7"},
        {"notificationid": "9876543456orderid87654567", "orderid": ...},
        {"amount": "90", "amount2": "2.50"},
        {"amount": "-902.50"},
        {"amount": "0.00"},
        {"amount": "NaN"},
        {"currency": "XXX"},
        {"timestamp": "yesterday"},
        {"timestamp": "2010-01-20 14:42:04"},
    ],
)
def test_trustly_values_of_another_shape_are_refused(fields: dict[str, Any]) -> None:
    assert event_of(notification()).amount is not None
    with pytest.raises(BadNotification):
        event_of(notification(**fields))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"method":"credit","params":{},"version":"1.1"}',
        b'{"method":"credit","params":{"uuid":"x","signature":"","data":{}},"version":"1.1"}',
        b'{"method":"credit","method":"debit","params":{},"version":"1.1"}',
        b'{"a":NaN}',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    with pytest.raises(BadNotification):
        read_call(body)


# --- Adyen


@named(ADYEN["vectors"])
def test_adyen_vectors(vector: dict[str, Any]) -> None:
    item = vector["item"] | {"additionalData": {"hmacSignature": vector["signature"]}}
    item = read_object(json.dumps(item).encode())
    assert adyen.signed_text(item) == vector["signed_string"]
    assert adyen.item_verified_by(ADYEN_KEYS, item) == ("right" if vector["expect"] == "accept" else None)
    if vector["expect"] == "accept":
        assert adyen.item_signature(ADYEN["hmac_key_hex"].encode(), item) == vector["signature"]


@named(ADYEN_PAYLOAD["vectors"])
def test_adyen_payload_vectors(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    assert adyen.payload_verified_by(ADYEN_KEYS, body, vector["signature"]) == "right"
    assert adyen.payload_verified_by(ADYEN_KEYS, body + b" ", vector["signature"]) is None


@pytest.mark.parametrize(
    "additional", [None, {}, {"hmacSignature": None}, {"hmacSignature": ""}, {"hmacSignature": "é"}]
)
def test_an_adyen_item_without_a_signature_is_not_verified(additional: Any) -> None:
    item = ADYEN["vectors"][0]["item"] | {"additionalData": additional}
    assert adyen.item_verified_by(ADYEN_KEYS, item) is None


# --- CryptoProcessing


@named(CRYPTO["vectors"])
def test_cryptoprocessing_vectors(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    assert crypto.sign(CRYPTO["secret"].encode(), body) == vector["signature"]
    assert crypto.verified_by(CRYPTO_KEYS, body, vector["signature"]) == "right"
    assert crypto.verified_by(CRYPTO_KEYS, body, vector["signature"].upper()) is None
    assert crypto.verified_by(CRYPTO_KEYS, body, "é") is None


@given(data=st.data())
def test_one_changed_byte_verifies_nothing(data: st.DataObject) -> None:
    """Every accepted vector, a byte of its text or of its signature changed."""
    vector = data.draw(st.sampled_from([*CRYPTO["vectors"], *ADYEN_PAYLOAD["vectors"]]))
    verify = crypto.verified_by if vector in CRYPTO["vectors"] else adyen.payload_verified_by
    keys = CRYPTO_KEYS if vector in CRYPTO["vectors"] else ADYEN_KEYS
    body, signature = bytearray(vector["body"].encode()), vector["signature"]
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] ^= data.draw(st.integers(1, 255))
    else:
        place = data.draw(st.integers(0, len(signature) - 1))
        other = data.draw(st.characters(codec="ascii").filter(lambda char: char != signature[place]))
        signature = signature[:place] + other + signature[place + 1 :]
    assert verify(keys, bytes(body), signature) is None


@given(data=st.data())
def test_one_changed_character_of_a_trustly_message_verifies_nothing(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from([each for each in TRUSTLY["vectors"] if each["expect"] == "accept"]))
    terms = {name: vector[name] for name in ("method", "uuid", "data")}
    name = data.draw(st.sampled_from(["method", "uuid", *(n for n, v in vector["data"].items() if isinstance(v, str))]))
    text = vector[name] if name in terms else vector["data"][name]
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda char: char != text[place]))
    changed = text[:place] + other + text[place + 1 :]
    terms = terms | {name: changed} if name in terms else terms | {"data": vector["data"] | {name: changed}}
    assert trustly.verified_by(TRUSTLY_KEYS, vector["signature"], **terms) is None


@given(st.text())
def test_json_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        read_object(text.encode("utf-8", "surrogatepass"))
    except BadJson:
        return
