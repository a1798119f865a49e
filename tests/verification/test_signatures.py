"""Every vector of the reference, through the adapters, with the vendor's own library as an independent judge."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import onfido
import pytest

from apps.integrations.connections import Connection, Key
from apps.integrations.door import VendorRequest
from apps.verification.adapters.onfido.wire import RUN_STATUS
from apps.verification.adapters.signatures import hex_hmac
from apps.verification.adapters.sumsub.adapter import request_signature
from apps.verification.contract import Decision, Outcome
from apps.verification.registry import ADAPTERS

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "fixtures/vectors/kyc.json").read_text(encoding="utf-8")
)["vectors"]
OURS = [each for each in VECTORS if each["vendor"] in ADAPTERS]
WEBHOOKS = [each for each in OURS if each["direction"] == "webhook"]
REQUESTS = [each for each in OURS if each["direction"] == "api_request"]
_NAMES = {"onfido": "webhook_token", "sumsub": "webhook_secret"}


def _connection(vector: dict[str, Any]) -> Connection:
    name = _NAMES[vector["vendor"]]
    keys = tuple(
        Key(f"k{place}", "verify_inbound", name, secret.encode()) for place, secret in enumerate(vector["secrets"])
    )
    options = {"webhook_algorithm": (vector.get("config") or {}).get("algorithm", "HMAC_SHA256_HEX")}
    return Connection(1, "v", vector["vendor"], "identity", "aurora", "test", "", options, "on", keys)


def _request(vector: dict[str, Any]) -> VendorRequest:
    now = datetime.now(UTC)
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = vector["body"].encode()
    return VendorRequest(uuid4(), _connection(vector), "POST", "webhook", headers, body, "", now, now)


def test_the_vectors_are_all_there() -> None:
    assert len(VECTORS) == 38
    assert len([each for each in OURS if each["vendor"] == "onfido"]) == 11
    assert len([each for each in OURS if each["vendor"] == "sumsub"]) == 12
    assert all(hashlib.sha256(each["body"].encode()).hexdigest() == each["body_sha256"] for each in VECTORS)


@pytest.mark.parametrize("vector", WEBHOOKS, ids=lambda vector: vector["id"])
def test_a_webhook_is_accepted_exactly_if_its_vendor_signed_it(vector: dict[str, Any]) -> None:
    receipt = ADAPTERS[vector["vendor"]].receive(_request(vector))
    assert (receipt.outcome != Outcome.BAD_SIGNATURE) is (vector["expect"] == "accept")
    assert (receipt.status == 401) is (vector["expect"] == "reject")


@pytest.mark.parametrize("vector", REQUESTS, ids=lambda vector: vector["id"])
def test_a_request_of_ours_is_signed_as_the_vendor_signs_it(vector: dict[str, Any]) -> None:
    asked = vector["request"]
    signature = request_signature(
        vector["secrets"][0].encode(),
        str(asked["ts"]),
        asked["method"],
        asked["path_and_query"],
        vector["body"].encode(),
    )
    assert signature == vector["headers"]["X-App-Access-Sig"]


@pytest.mark.parametrize(
    "vector",
    [each for each in WEBHOOKS if each["vendor"] == "onfido" and each["headers"]],
    ids=lambda vector: vector["id"],
)
def test_the_vendors_own_library_agrees(vector: dict[str, Any]) -> None:
    signature = vector["headers"].get("X-SHA2-Signature", "")

    def accepts(secret: str) -> bool:
        try:
            onfido.WebhookEventVerifier(secret).read_payload(vector["body"], signature)
        except onfido.OnfidoInvalidSignatureError:
            return False
        return True

    assert any(map(accepts, vector["secrets"])) is (vector["expect"] == "accept")


def test_the_plain_hmac_of_the_other_vendors_reproduces_too() -> None:
    """Veriff signs as Onfido does, under another header: the vectors prove the one function both would use."""
    veriff = [each for each in VECTORS if each["scheme"] == "veriff"]
    for vector in veriff:
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        given = headers.get("x-hmac-signature", "")
        proven = any(hex_hmac(secret.encode(), vector["body"].encode()) == given for secret in vector["secrets"])
        assert proven is (vector["expect"] == "accept"), vector["id"]
    assert veriff


def test_every_status_of_the_vendors_library_is_mapped() -> None:
    known = {status.value for status in onfido.WorkflowRunStatus} - {"unknown_default_open_api"}
    assert known == set(RUN_STATUS)


def test_an_unknown_status_is_reviewed_and_never_approved() -> None:
    from apps.verification.adapters.onfido import wire as onfido_wire  # noqa: PLC0415 - beside its like
    from apps.verification.adapters.sumsub import wire as sumsub_wire  # noqa: PLC0415 - likewise

    assert onfido_wire.decision_of("splendid") == Decision.REVIEW
    assert sumsub_wire.decision_of("splendid", {}) == Decision.REVIEW
    assert sumsub_wire.decision_of("completed", {"reviewAnswer": "PURPLE"}) == Decision.REVIEW
    assert sumsub_wire.decision_of("completed", {"reviewAnswer": "RED"}) == Decision.REVIEW
    assert (
        sumsub_wire.decision_of("completed", {"reviewAnswer": "RED", "reviewRejectType": "FINAL"}) == Decision.REJECTED
    )
