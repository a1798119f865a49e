"""What a vendor asks again is counted apart, in every protocol: on his page, in the metrics, by the rule `repeats`."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import REGISTRY

from apps.integrations import exchange_log
from apps.integrations.health import vendor_health
from apps.integrations.watch.incidents import watch
from apps.integrations.watch.models import Incident
from apps.sandbox.conformance.registry import SUITES
from apps.sandbox.conformance.scenarios import play_one
from tests.contracts.test_scenarios import in_process, keys_of
from tests.factories.secrets import connect_vendor

pytestmark = pytest.mark.django_db(transaction=True)

# Scenario by vendor, and how many of its calls repeat one that was applied.
REPEATING = {
    "hub88": ("_repeated_bet", 1),
    "caleta": ("_repeated_bet", 1),
    "evolution": ("credit_twice", 1),
    "swipegames": ("repeated_calls_get_the_same_body", 3),
    "valkyrie": ("an_existing_transaction_again", 2),
}


def played(client: Client, vendor: str) -> None:
    suite, name = SUITES[vendor], REPEATING[vendor][0]
    scenario = next(each for each in suite.scenarios if each.name == name)
    assert play_one(suite, scenario, in_process(client), vendor, keys_of(vendor)).deviation == ""


def counted(vendor: str) -> float:
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "casino_vendor_calls_total"
        and (sample.labels["integration"], sample.labels["outcome"]) == (vendor, "replayed")
    )


@pytest.mark.parametrize("vendor", list(SUITES))
def test_repetitions_are_counted_apart_and_as_successes(client: Client, vendor: str) -> None:
    connect_vendor(vendor)
    before = counted(vendor)

    played(client, vendor)

    assert exchange_log.flush()
    at = timezone.now()
    (health,) = vendor_health(since=at - timedelta(minutes=2), until=at + timedelta(seconds=1), direction="in")
    assert health.by_outcome["replayed"] == REPEATING[vendor][1]
    assert counted(vendor) - before == REPEATING[vendor][1]
    assert health.by_class["error"] == 0
    assert health.by_class["success"] >= 2 * REPEATING[vendor][1]


def test_a_vendor_that_repeats_a_third_of_its_calls_opens_an_incident(client: Client) -> None:
    connect_vendor("hub88")
    for _ in range(8):
        played(client, "hub88")
    assert exchange_log.flush()

    watch(now=timezone.now() + timedelta(seconds=1))

    assert list(Incident.objects.values_list("rule", flat=True)) == ["repeats"]
