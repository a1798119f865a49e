"""Signature vectors of the family, through the platform's verifier and through the HTTP door."""

from typing import Any

import pytest

from apps.integrations.connections import Key
from apps.integrations.rsa_keys import UnusableKey
from apps.providers.adapters.hub88.signature import sign, verified_by
from tests.contracts.family import VECTORS

CASES = [
    pytest.param(family, vector, id=vector["id"])
    for family in ("hub88", "caleta")
    for vector in VECTORS[family]["vectors"]
]


def _keys(family: str) -> dict[str, Any]:
    keys: dict[str, Any] = VECTORS[family]["keys"][VECTORS[family]["key"]]
    return keys


def _verifier(family: str, kid: str = "published") -> Key:
    return Key(kid=kid, purpose="verify_inbound", name="", secret=_keys(family)["public_key_pem"].encode())


@pytest.mark.parametrize(("family", "vector"), CASES)
def test_a_published_vector_verifies_as_it_says(family: str, vector: dict[str, Any]) -> None:
    kid = verified_by([_verifier(family)], vector["body"].encode(), vector["signature"])
    assert kid == ("published" if vector["expect"] == "accept" else None)


@pytest.mark.parametrize(("family", "vector"), CASES)
def test_one_changed_byte_of_body_or_signature_never_verifies(family: str, vector: dict[str, Any]) -> None:
    body, signature = vector["body"].encode(), vector["signature"]
    for at in range(0, len(body), max(1, len(body) // 40)):
        tampered = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert verified_by([_verifier(family)], tampered, signature) is None
    for at in range(0, len(signature) - 2, 17):
        other = "A" if signature[at] != "A" else "B"
        assert verified_by([_verifier(family)], body, signature[:at] + other + signature[at + 1 :]) is None


@pytest.mark.parametrize(("family", "vector"), [case for case in CASES if case.values[1]["expect"] == "accept"])  # type: ignore[index]
def test_signing_the_vector_gives_its_signature_to_the_byte(family: str, vector: dict[str, Any]) -> None:
    assert sign(_keys(family)["private_key_pem"].encode(), vector["body"].encode()) == vector["signature"]


@pytest.mark.parametrize("signature", ["", "not base64 §", "AAAA", "=" * 400, "a" * 10_000])
def test_nonsense_is_not_a_signature(signature: str) -> None:
    assert verified_by([_verifier("hub88")], b"{}", signature) is None


def test_any_active_key_verifies_and_the_one_that_did_is_named() -> None:
    vector = VECTORS["hub88"]["vectors"][0]
    keys = [_verifier("caleta", "new"), _verifier("hub88", "old")]
    assert verified_by(keys, vector["body"].encode(), vector["signature"]) == "old"


def test_a_key_that_is_no_rsa_key_is_said_to_be_unusable() -> None:
    key = Key(kid="broken", purpose="verify_inbound", name="", secret=b"-----BEGIN NONSENSE-----")
    with pytest.raises(UnusableKey):
        verified_by([key], b"{}", "AAAA")
