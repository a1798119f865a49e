"""What the parts tell each other: facts reach rules and operators' systems, and the law's figures reach the rules."""

from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from django.test import Client
from pytest_django import Settings

from apps.compliance.models import Alert, Case
from apps.core import clock
from apps.integrations.outbox import record_fact
from apps.integrations.outgoing.catalogue import MONEY, event_kind, event_kinds
from apps.integrations.outgoing.fan_out import fan_out
from apps.integrations.outgoing.models import WebhookEndpoint, WebhookMessage
from apps.monitoring.gate import NEUTRAL_REASON, gate
from apps.monitoring.models import Decision, Link
from apps.monitoring.stream import follow_facts
from apps.players.models import Player, PlayerSession
from tests.factories.games import make_player
from tests.factories.players import login, make_brand
from tests.factories.players import make_player as register
from tests.factories.policies import put_in_force
from tests.harness import promises
from tests.monitoring.scene import put_live, put_own_live

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DEPOSIT = {
    "amount_units": 12_345_678, "settled_units": 0, "currency": "EUR", "method": "card", "integration": "psp",
    "reason": "insufficient funds",
}  # fmt: skip


def tell(kind: str, player: Player, data: dict[str, Any]) -> None:
    record_fact(kind=kind, brand_code=player.brand.code, player_id=player.pk, subject="s", data=data, now=clock.now())


@pytest.mark.django_db(transaction=True)
def test_a_log_in_links_players_of_one_device_without_naming_the_device() -> None:
    make_brand()
    for _ in range(2):
        player = register()
        login(Client(HTTP_USER_AGENT="one-and-the-same"), player.username)
    devices = set(PlayerSession.objects.values_list("device", flat=True))
    follow_facts(now=clock.now())
    links = Link.objects.filter(kind="address")
    assert links.count() == 2
    assert links.values("value").distinct().count() == 1
    known = set(PlayerSession.objects.values_list("remote_address", flat=True)) | devices
    assert not {each.value for each in Link.objects.all()} & known


@pytest.mark.django_db
def test_a_rule_that_blocks_a_log_in_ends_the_session_with_neutral_words() -> None:
    make_brand()
    player = register()
    put_own_live(
        {
            "id": "AML-99", "name": "nobody", "title": "Nobody gets in", "family": "aml", "severity": "high",
            "gate": {"login": "block"}, "params": {"n": 0},
            "when": {"ge": [{"player": "age"}, {"param": "n"}]}, "explanation": "Everybody is {n} or older.",
        }
    )  # fmt: skip
    answer = login(Client(), player.username)
    assert answer.status_code == 403
    body = answer.json()
    assert (body["detail"], body["type"].rsplit("/", 1)[-1]) == (NEUTRAL_REASON, "login-not-possible")
    session = PlayerSession.objects.get()
    assert (session.revoked_at is not None, session.revoked_reason) == (True, "login-not-possible")
    assert Alert.objects.get().rule_id == "AML-99"  # the refusal did not take the alert back


@pytest.mark.django_db
def test_a_log_in_passes_where_no_rule_blocks() -> None:
    put_live()
    make_brand()
    assert login(Client(), register().username).status_code == 201
    assert set(Decision.objects.filter(purpose="login").values_list("rule_id", flat=True)) == {"AML-16", "AML-27"}


@pytest.mark.django_db
@pytest.mark.parametrize(("units", "outcome"), [(1_499_999_999, "none"), (1_500_000_000, "alert")])
def test_the_law_sets_the_figure_of_a_rule_and_the_decision_says_which_version(units: int, outcome: str) -> None:
    """The rule's own figure is 2 000; the matrix of this jurisdiction says 1 500 from June on."""
    put_live("AML-02")
    version = put_in_force("MT", "cdd_threshold", {"amount": 1500, "currency": "EUR", "window_days": 90})
    player = make_player()
    answer = gate(purpose="deposit", player=player, facts={"units": units, "currency": "EUR"}, now=clock.now())
    assert answer.outcome == outcome
    decision = Decision.objects.get()
    assert (decision.params["amount"], decision.params["window_days"]) == (1500, 90)
    assert decision.policy_versions == {"cdd_threshold": version.pk}
    if outcome == "alert":
        assert Alert.objects.get().policy_version_id == version.pk


@pytest.mark.django_db
def test_without_a_law_the_rules_own_figure_counts() -> None:
    put_live("AML-02")
    gate(purpose="deposit", player=make_player(), facts={"units": 5, "currency": "EUR"}, now=clock.now())
    decision = Decision.objects.get()
    assert (decision.params["amount"], decision.policy_versions) == (2000, {})


@pytest.mark.django_db
def test_a_case_tells_that_it_was_opened_and_nothing_of_what_is_in_it() -> None:
    put_live("AML-02")
    player = make_player()
    endpoint = WebhookEndpoint.objects.create(
        brand_code=player.brand.code, name="crm", url="https://crm.example/hooks", kinds=["compliance.*"],
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    gate(purpose="deposit", player=player, facts={"units": 3_000_000_000, "currency": "EUR"}, now=clock.now())
    case = Case.objects.get()
    body = promises.decoded(
        promises.fact_of("compliance.case.opened", {"state": "open", "blueprint": "aml", "severity": "x"}, NOW)
    )
    assert body["data"].keys() == {"sequence", "brand", "player", "subject", "state"}
    assert (endpoint.kinds, case.state) == (["compliance.*"], "open")
    assert promises.check_recorded()["compliance.case.opened"] == 1


def test_amounts_are_told_exactly_and_in_main_units() -> None:
    body = promises.decoded(promises.fact_of("payments.deposit.failed", dict(DEPOSIT), NOW))
    assert body["data"]["amount"] == {"amount": "12.345678", "currency": "EUR"}
    assert body["data"]["settled"] == {"amount": "0.00", "currency": "EUR"}
    assert "reason" not in body["data"]
    limit = {
        "kind": "session", "period": "", "units": None, "currency": "", "seconds": 3600, "is_removal": False,
        "set_by": "player", "state": "active", "effective_at": NOW.isoformat(),
    }  # fmt: skip
    told = promises.decoded(promises.fact_of("safer_play.limit.set", limit, NOW))["data"]
    assert (told["amount"], told["seconds"]) == (None, 3600)


def test_the_check_of_promises_can_fail() -> None:
    lacking = {name: value for name, value in DEPOSIT.items() if name != "method"}
    with pytest.raises(KeyError, match="method"):
        promises.decoded(promises.fact_of("payments.deposit.failed", lacking, NOW))
    kind = event_kind("payments.deposit.failed")
    assert kind is not None
    wrong = promises.decoded(promises.fact_of("payments.deposit.failed", {**DEPOSIT, "method": 7}, NOW))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, kind.schema)


def test_no_event_is_about_filings_hits_or_risk() -> None:
    kinds = [each.kind for each in event_kinds()]
    assert [each for each in kinds if each.startswith(("compliance_reports.", "verification.hit", "monitoring."))] == []
    named = {name for each in event_kinds() for name in each.properties}
    assert not named & {"blueprint", "text", "note", "title", "explanation", "instrument", "device", "address"}


@pytest.mark.made_up_facts
@pytest.mark.django_db(transaction=True)
def test_a_fact_that_lacks_what_was_promised_later_does_not_stop_the_others(settings: Settings) -> None:
    player = make_player()
    WebhookEndpoint.objects.create(
        brand_code=player.brand.code, name="crm", url="https://crm.example/hooks", kinds=["payments.*"],
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    settings.STRICT_FACTS = False  # as an older version wrote them
    tell("payments.deposit.failed", player, {"amount_units": 1, "currency": "EUR"})
    tell("payments.deposit.failed", player, dict(DEPOSIT))
    fan_out()
    assert WebhookMessage.objects.count() == 1


def test_a_kind_promises_money_as_an_amount_with_its_currency() -> None:
    kind = event_kind("payments.withdrawal.paid")
    assert kind is not None
    assert kind.properties["amount"] == MONEY
