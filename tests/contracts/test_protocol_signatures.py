"""Swipe Games' signature vectors, and the others' shared secrets, through the platform's verifiers and door."""

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from django.test import Client

from apps.integrations import exchange_log
from apps.integrations.connections import Key, forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Exchange, Integration
from apps.providers.adapters.swipegames.signature import canonical, sign, verified_by
from tests.contracts.family import VECTORS
from tests.contracts.test_scenarios import in_process
from tests.factories.integrations import NOW
from tests.factories.secrets import CREDENTIALS, connect_vendor

CASES = [pytest.param(vector, id=vector["id"]) for vector in VECTORS["swipegames"]["vectors"]]


def _key(vector: dict[str, Any]) -> list[Key]:
    return [Key(kid="published", purpose="verify_inbound", name="", secret=vector["key"].encode())]


@pytest.mark.parametrize("vector", CASES)
def test_a_vector_verifies_and_is_signed_to_the_digit(vector: dict[str, Any]) -> None:
    signed = vector["canonical"].encode()
    assert canonical(msgspec.json.decode(vector["input_json"])) == signed
    assert sign(vector["key"].encode(), signed) == vector["signature"]
    assert verified_by(_key(vector), signed, vector["signature"]) == "published"


@pytest.mark.parametrize("vector", CASES)
def test_one_changed_byte_never_verifies(vector: dict[str, Any]) -> None:
    signed, signature = vector["canonical"].encode(), vector["signature"]
    for at in range(len(signed)):
        tampered = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
        assert verified_by(_key(vector), tampered, signature) is None
    for at in range(len(signature)):
        other = signature[:at] + ("0" if signature[at] != "0" else "1") + signature[at + 1 :]
        assert verified_by(_key(vector), signed, other) is None
    assert verified_by(_key(vector), signed, signature.upper()) is None


@pytest.mark.django_db
def test_two_secrets_are_good_while_they_are_changed_over(client: Client) -> None:
    evolution = connect_vendor("evolution")
    purpose = Credential.Purpose.VERIFY_INBOUND
    add_credential(
        integration=evolution, purpose=purpose, name="auth_token", secret=b"the-next-one", actor=None, now=NOW
    )
    forget_connections()
    send = in_process(client)
    for token, status in ((CREDENTIALS["evolution"]["auth_token"], 200), ("the-next-one", 200), ("a-third", 401)):
        path = f"/providers/evolution/balance?authToken={quote(token, safe='')}"
        assert send("POST", path, {}, b'{"sid":"x","userId":"y","currency":"EUR"}').status == status


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "authToken=", "authToken=evo&authToken=evo", "authtoken=evo", "authToken[]=evo"])
def test_a_token_that_is_missing_doubled_or_misspelt_opens_nothing(client: Client, query: str) -> None:
    connect_vendor("evolution")
    reply = in_process(client)("POST", f"/providers/evolution/balance?{query}", {}, b'{"uuid":"u-1"}')
    assert (reply.status, reply.json()) == (401, {"status": "INVALID_TOKEN_ID", "uuid": "u-1"})


@pytest.mark.django_db
def test_the_log_keeps_no_secret_of_a_query_or_header(client: Client) -> None:
    integrations = [connect_vendor(vendor).pk for vendor in ("evolution", "valkyrie", "swipegames")]
    send = in_process(client)
    send("POST", "/providers/evolution/balance?authToken=s3cr3t-one", {}, b"{}")
    send(
        "GET",
        "/providers/valkyrie/players/session?provider=x",
        {"Authorization": "Bearer s3cr3t-two", "X-Player-Token": "s3cr3t-3"},
        b"",
    )
    send("GET", "/providers/swipegames/balance?sessionID=s3cr3t-four", {"X-REQUEST-SIGN": "0" * 64}, b"")
    exchange_log.flush()
    kept = list(Exchange.objects.filter(integration_id__in=integrations).values("path", "headers", "outcome"))
    assert [row["outcome"] for row in kept] == ["bad_signature"] * 3
    assert "s3cr3t" not in str(kept)
    assert Integration.objects.filter(pk__in=integrations).count() == 3
