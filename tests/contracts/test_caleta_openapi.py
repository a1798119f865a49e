"""Caleta's own OpenAPI description drives the live wallet endpoints: generated bodies, really signed, really sent."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from tests.contracts.family import GAME, HUB88_KEY, signature
from tests.factories.integrations import connect_game_vendor
from tests.harness.live import LivePlatform

load_all_checks()
SLUG = "caleta-openapi"
DESCRIPTION = Path(__file__).parent.parent / "fixtures/openapi/caleta-wallet-1.5.yaml"
schema = schemathesis.openapi.from_path(DESCRIPTION).include(path_regex="^/wallet/")
CHECKED: list[Any] = CHECKS.get_by_names(
    ["not_a_server_error", "content_type_conformance", "response_schema_conformance", "status_code_conformance"]
)


@pytest.fixture(scope="module")
def seat(live_platform: LivePlatform) -> dict[str, str]:
    """Give a player with money a seat on the live platform; returns its token and user id."""
    with live_platform.in_database():
        connect_game_vendor("caleta", slug=SLUG, brand_code="openapi")
    live_platform.await_connections()
    reply = httpx2.post(
        f"{live_platform.base_url}/sandbox/session",
        json={"provider": SLUG, "currency": "EUR", "cashAmount": 1000, "promoAmount": 10, "gameId": GAME},
        timeout=10,
    )
    result: dict[str, str] = reply.json()["result"]
    return result


@schema.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_generated_call_is_answered_as_described(
    case: "schemathesis.Case[Any]", live_platform: LivePlatform, seat: dict[str, str]
) -> None:
    if isinstance(case.body, dict) and len(str(case.body.get("request_uuid"))) % 2:
        # Half of the calls reach a real session and game; the others stay as generated.
        case.body |= {"token": seat["token"], "game_code": GAME, "currency": "EUR", "user": seat["userId"]}
    response = _send_signed(case, f"{live_platform.base_url}/providers/{SLUG}")
    checks = CHECKED
    if case.path == "/wallet/check" and response.status_code == 400:
        # The call has no status field and the description no refusal: HTTP 400 says "not exchanged".
        checks = [check for check in CHECKED if check.__name__ == "not_a_server_error"]
    case.validate_response(response, checks=checks)


def _send_signed(case: "schemathesis.Case[Any]", base_url: str) -> Any:
    kwargs = case.as_transport_kwargs(base_url=base_url)
    prepared = requests.Request(**{k: v for k, v in kwargs.items() if k in REQUEST_FIELDS}).prepare()
    body = prepared.body if isinstance(prepared.body, bytes) else str(prepared.body or "").encode()
    prepared.headers["X-Auth-Signature"] = signature(HUB88_KEY, body)
    with requests.Session() as session:
        return session.send(prepared, timeout=10)


REQUEST_FIELDS = {"method", "url", "headers", "files", "data", "json", "params", "cookies"}
