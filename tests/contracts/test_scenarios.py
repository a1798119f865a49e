"""Every scenario of every protocol, played through the platform's HTTP door, with the books proven after each."""

from collections.abc import Mapping
from urllib.parse import quote

import pytest
from django.test import Client

from apps.sandbox.conformance.registry import SUITES
from apps.sandbox.conformance.scenarios import Deviation, Reply, Scenario, Suite, Wire, play_one, require
from tests.factories.secrets import CREDENTIALS, connect_vendor

pytestmark = pytest.mark.django_db

ALL = [
    pytest.param(vendor, suite, scenario, id=f"{vendor}-{scenario.name.strip('_')}")
    for vendor, suite in SUITES.items()
    for scenario in suite.scenarios
]


def in_process(client: Client) -> "InProcess":
    """A transport that needs no server."""
    return InProcess(client)


class InProcess:
    """Sends through Django's test client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request."""
        content_type = headers.get("Content-Type", "")
        rest = {name: value for name, value in headers.items() if name != "Content-Type"}
        response = self._client.generic(method, path, body, content_type, headers=rest)
        return Reply(response.status_code, response.content)


def keys_of(vendor: str) -> dict[str, str]:
    """Credentials as the other side puts them on the wire."""
    keys = CREDENTIALS[vendor]
    return keys | {"auth_token": quote(keys["auth_token"], safe="")} if "auth_token" in keys else keys


@pytest.mark.parametrize(("vendor", "suite", "scenario"), ALL)
def test_the_platform_plays_the_scenario_as_the_protocol_says(
    client: Client, vendor: str, suite: Suite, scenario: Scenario
) -> None:
    connect_vendor(vendor)

    verdict = play_one(suite, scenario, in_process(client), vendor, keys_of(vendor))

    assert verdict.deviation == ""
    assert verdict.exchanges


def test_each_suite_has_its_stories_told_apart() -> None:
    for suite in SUITES.values():
        assert len({scenario.title for scenario in suite.scenarios}) == len(suite.scenarios) >= 17


def test_a_platform_that_departs_from_the_protocol_is_found_out(client: Client) -> None:
    def dishonest(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        reply = in_process(client)(method, path, headers, body)
        return Reply(reply.status, reply.body.replace(b'"INSUFFICIENT_FUNDS"', b'"OK"'))

    connect_vendor("evolution")
    suite = SUITES["evolution"]
    verdicts = {
        scenario.name: play_one(suite, scenario, dishonest, "evolution", keys_of("evolution"))
        for scenario in suite.scenarios
        if scenario.name in ("insufficient_funds", "debit_and_credit")
    }
    assert verdicts["insufficient_funds"].deviation == "status: expected 'INSUFFICIENT_FUNDS', got 'OK'"
    assert verdicts["debit_and_credit"].passed


def test_requirements_name_what_was_expected() -> None:
    with pytest.raises(Deviation, match="status: expected 1 or 2, got 3"):
        require("status", 3, 1, 2)


def test_the_record_of_a_run_holds_no_secret() -> None:
    wire = Wire(lambda *_: Reply(200, b"{}"), secrets=("s3cr3t",))
    wire.send("GET", "/x?authToken=s3cr3t", {"Authorization": "Bearer s3cr3t"})
    assert "s3cr3t" not in str(wire.exchanges)
