"""The player API's own OpenAPI description drives the running API, with a player's token."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from tests.factories.players import logged_in, make_brand, make_player
from tests.harness.live import LivePlatform

load_all_checks()
CHECKED: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


def _description() -> dict[str, Any]:
    """What GET /api/v1/schema answers; made here, for tests are collected before anything runs."""
    made: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True)))
    return made


# Ending the session in use would turn the rest of the run into a list of 401.
ENDS_THE_SESSION = ["log_out", "revoke_session"]
schema = schemathesis.openapi.from_dict(_description()).exclude(operation_id=ENDS_THE_SESSION)


@pytest.fixture(scope="module")
def token(live_platform: LivePlatform) -> Iterator[str]:
    """Log a player in on the live platform; afterwards, have it forget how often this address called."""
    with live_platform.in_database():
        make_brand("openapi-players")
        made = logged_in(make_player(brand="openapi-players")).token
    yield made
    with redis.Redis.from_url(live_platform.environment["REDIS_URL"]) as client:
        client.delete(*client.keys("ratelimit:*"))


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_generated_call_is_answered_as_described(
    case: "schemathesis.Case[Any]", live_platform: LivePlatform, token: str
) -> None:
    case.call_and_validate(
        base_url=live_platform.base_url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKED, timeout=20
    )
