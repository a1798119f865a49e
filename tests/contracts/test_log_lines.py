"""One request id from the edge to the ledger, in the log: the request's line names what it posted."""

from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from apps.core.request_context import add_request_context
from apps.sandbox.conformance.registry import SUITES
from apps.sandbox.conformance.scenarios import play_one
from apps.transactions.models import Transaction
from tests.contracts.test_scenarios import in_process, keys_of
from tests.factories.secrets import connect_vendor

pytestmark = pytest.mark.django_db(transaction=True)


def lines(captured: list[Any], event: str) -> list[Any]:
    return [line for line in captured if line["event"] == event]


def test_a_vendors_call_has_one_line_with_its_id_outcome_and_transaction(client: Client) -> None:
    connect_vendor("evolution")
    suite = SUITES["evolution"]
    scenario = next(each for each in suite.scenarios if each.name == "debit_repeated")
    with capture_logs([add_request_context]) as captured:
        assert play_one(suite, scenario, in_process(client), "evolution", keys_of("evolution")).deviation == ""
    calls = lines(captured, "request")
    assert [(each["path"], each["status"], each["verb"], each["outcome"]) for each in calls] == [
        ("/providers/evolution/debit", 200, "bet", "applied"),
        ("/providers/evolution/debit", 200, "bet", "replayed"),
        ("/providers/evolution/debit", 200, "bet", "conflict"),
        ("/providers/evolution/credit", 200, "win", "applied"),
    ]
    bet = Transaction.objects.get(kind="bet")
    assert (calls[0]["transaction"], calls[0]["request_id"]) == (str(bet.pk), str(bet.request_id))
    assert calls[1]["transaction"] == str(bet.pk)
    assert keys_of("evolution")["auth_token"] not in repr(captured)


def test_a_refused_request_has_one_line_and_probes_have_none(client: Client) -> None:
    with capture_logs([add_request_context]) as captured:
        refused = client.get("/api/v1/wallets?token=s3cr3t-token")
        client.get("/health/live")
    (line,) = lines(captured, "request")
    assert (line["path"], line["status"], line["request_id"]) == ("/api/v1/wallets", 401, refused["X-Request-Id"])
    assert line["log_level"] == "info"
    assert "s3cr3t" not in repr(captured)
