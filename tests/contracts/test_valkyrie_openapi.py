"""Valkyrie's own OpenAPI description drives the live PAM endpoints: generated calls, really sent."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from tests.contracts.family import GAME
from tests.factories.secrets import CREDENTIALS, connect_vendor
from tests.harness.live import LivePlatform

load_all_checks()
SLUG = "valkyrie-openapi"
DESCRIPTION = Path(__file__).parent.parent / "fixtures/openapi/valkyrie-pam-0.7.0.yaml"
schema = schemathesis.openapi.from_path(DESCRIPTION)
CHECKED: list[Any] = CHECKS.get_by_names(
    ["not_a_server_error", "content_type_conformance", "response_schema_conformance", "status_code_conformance"]
)


@pytest.fixture(scope="module")
def seat(live_platform: LivePlatform) -> dict[str, str]:
    """Give a player with money a seat on the live platform; returns its token and user id."""
    with live_platform.in_database():
        # A brand of its own: at the demo's, players would be sent to this connection, behind which nobody opens games.
        connect_vendor("valkyrie", slug=SLUG, brand_code="openapi")
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
    headers: Any = dict(case.headers or {}) | {"Authorization": f"Bearer {CREDENTIALS['valkyrie']['bearer_token']}"}
    if len(str(case.query)) % 2:
        # Half of the calls reach a real session and game; the others stay as generated.
        headers |= {"X-Player-Token": seat["token"]}
        if "playerId" in (case.path_parameters or {}):
            case.path_parameters["playerId"] = seat["userId"]
        if isinstance(case.body, dict):
            case.body |= {"currency": "EUR", "providerGameId": GAME}
    case.headers = headers
    response = case.call(base_url=f"{live_platform.base_url}/providers/{SLUG}")
    case.validate_response(response, checks=CHECKED)
