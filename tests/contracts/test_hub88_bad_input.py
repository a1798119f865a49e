"""Bad and hostile requests: the protocol's own clear refusal, unchanged books, and a trace in the exchange log."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from apps.integrations import exchange_log
from apps.integrations.models import Exchange
from tests.contracts.family import HUB88_KEY, PATHS, UNIT, Vendor, signature
from tests.factories.integrations import connect_game_vendor

SYNTAX, TYPES = "RS_ERROR_WRONG_SYNTAX", "RS_ERROR_WRONG_TYPES"


def bet_body(vendor: Vendor, **changes: Any) -> dict[str, Any]:
    """A good bet with changes; `...` removes a field."""
    body: dict[str, Any] = {
        "token": vendor.token,
        "transaction_uuid": str(uuid4()),
        "request_uuid": "r-1",
        "round": "round-1",
        "round_closed": False,
        "game_code": "SomeSlotGame",
        "currency": "EUR",
        "amount": UNIT,
        "is_free": False,
        "supplier_user": "s",
    } | changes
    return {name: value for name, value in body.items() if value is not ...}


def send_bet(vendor: Vendor, body: bytes, signed: str | None = None) -> dict[str, Any]:
    """Send bytes to the bet call and return the reply, which must be HTTP 200 JSON."""
    reply = vendor.send(PATHS[vendor.name]["bet"], body, signed)
    assert reply.status_code == 200
    decoded: dict[str, Any] = reply.json()
    return decoded


def nothing_moved(vendor: Vendor) -> None:
    """Assert that the books stand where they stood and hold nothing but the funding."""
    statement = vendor.statement()
    assert statement["balances"]["EUR"] == {"cash": "1000.00", "bonus": "10.00", "locked": "0", "restricted": "0"}
    assert {row["kind"] for row in statement["transactions"]} == {"test_funding"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount": -1}, TYPES),
        ({"amount": -UNIT}, TYPES),
        ({"amount": 1.5}, TYPES),
        ({"amount": 100000.0}, TYPES),
        ({"amount": "100000"}, TYPES),
        ({"amount": None}, TYPES),
        ({"amount": True}, TYPES),
        ({"amount": 2**63}, TYPES),
        ({"amount": 10**40}, TYPES),
        ({"amount": ...}, SYNTAX),
        ({"token": ...}, SYNTAX),
        ({"token": ""}, TYPES),
        ({"token": "x" * 300}, TYPES),
        ({"transaction_uuid": 7}, TYPES),
        ({"transaction_uuid": "a\x00b"}, TYPES),
        ({"transaction_uuid": ...}, SYNTAX),
        ({"round": {"$gt": ""}}, TYPES),
        ({"round_closed": "false"}, TYPES),
        ({"is_free": 0}, TYPES),
        ({"currency": ["EUR"]}, TYPES),
        ({"request_uuid": ...}, SYNTAX),
    ],
    ids=str,
)
def test_a_field_of_the_wrong_shape_is_refused(vendor: Vendor, changes: dict[str, Any], status: str) -> None:
    reply = send_bet(vendor, json.dumps(bet_body(vendor, **changes)).encode())
    assert reply == {"status": status, "request_uuid": reply["request_uuid"]}
    nothing_moved(vendor)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"5",
        b'"bet"',
        b"\xff\xfe{}",
        b'{"token":"\\ud800"}',
        b"[" * 5000,
        b'{"a":' * 3000,
        b"NaN",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_not_a_json_object_is_refused(vendor: Vendor, body: bytes) -> None:
    assert send_bet(vendor, body)["status"] in (SYNTAX, TYPES)
    nothing_moved(vendor)


@pytest.mark.parametrize("meta", [b'"\xff\xfe"', b'"\xed\xa0\x80"'], ids=["stray", "surrogate"])
def test_bytes_that_are_not_utf_8_are_refused_even_where_nobody_looks(vendor: Vendor, meta: bytes) -> None:
    body = json.dumps(bet_body(vendor, meta="?")).encode().replace(b'"?"', meta)
    assert send_bet(vendor, body) == {"status": SYNTAX, "request_uuid": "r-1"}
    nothing_moved(vendor)


def test_the_largest_amount_fits_the_finest_ledger_unit(vendor: Vendor) -> None:
    vendor.sandbox(currency="BTC", cashAmount=1)
    for amount, status in ((9 * 10**15, "RS_ERROR_NOT_ENOUGH_MONEY"), (9 * 10**15 + 1, TYPES)):
        body = bet_body(vendor, currency="BTC", amount=amount)
        assert send_bet(vendor, json.dumps(body).encode())["status"] == status


def test_a_tampered_byte_is_an_invalid_signature(vendor: Vendor) -> None:
    body = json.dumps(bet_body(vendor)).encode()
    tampered = body.replace(b"100000", b"100001")
    reply = send_bet(vendor, tampered, signature(HUB88_KEY, body))
    assert reply == {"status": "RS_ERROR_INVALID_SIGNATURE", "request_uuid": "r-1"}
    nothing_moved(vendor)


@pytest.mark.parametrize("signed", ["", "AAAA", "x" * 5000])
def test_a_missing_or_senseless_signature_is_invalid(vendor: Vendor, signed: str) -> None:
    reply = send_bet(vendor, json.dumps(bet_body(vendor)).encode(), signed)
    assert reply["status"] == "RS_ERROR_INVALID_SIGNATURE"
    nothing_moved(vendor)


def test_reserialised_json_is_not_what_was_signed(vendor: Vendor) -> None:
    body = bet_body(vendor)
    reply = send_bet(vendor, json.dumps(body, indent=1).encode(), signature(HUB88_KEY, json.dumps(body).encode()))
    assert reply["status"] == "RS_ERROR_INVALID_SIGNATURE"
    nothing_moved(vendor)


def test_a_body_beyond_any_need_is_refused_with_413(vendor: Vendor) -> None:
    reply = vendor.send(PATHS[vendor.name]["bet"], b" " * 70_000 + b"{}")
    assert (reply.status_code, reply.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_is_spoken_here(vendor: Vendor, method: str) -> None:
    reply = getattr(vendor.client, method)(f"/providers/{vendor.name}/{PATHS[vendor.name]['bet']}")
    assert (reply.status_code, reply.headers["content-type"]) == (405, "application/problem+json")


def test_options_does_not_describe_the_code(vendor: Vendor) -> None:
    assert vendor.client.options(f"/providers/{vendor.name}/{PATHS[vendor.name]['bet']}").status_code == 405


def test_an_unknown_integration_or_path_is_a_404_problem(db: None, client: Client) -> None:
    connect_game_vendor("hub88")
    for path in ("nobody/transaction/bet", "hub88/transaction/bets", "hub88/wallet/bet"):
        reply = client.post(f"/providers/{path}", data=b"{}", content_type="application/json")
        assert (reply.status_code, reply.json()["code"]) == (404, "unknown-integration")


def test_every_refusal_leaves_its_request_and_its_answer(vendor: Vendor) -> None:
    quoted = str(uuid4())
    body = json.dumps(bet_body(vendor, request_uuid=quoted)).encode()
    send_bet(vendor, body, "AAAA")
    exchange_log.flush()
    kept = Exchange.objects.select_related("reply").get(reply__refs__contains=[quoted])
    assert bytes(kept.body) == body
    assert (kept.outcome, kept.verified_by, kept.transaction_id) == ("bad_signature", "", None)
    assert json.loads(bytes(kept.reply.body))["status"] == "RS_ERROR_INVALID_SIGNATURE"
