"""Outgoing webhooks: signed, in order, retried until they arrive, and never sent into the platform's own network."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from apps.core import clock
from apps.integrations.models import IntegrationEvent
from apps.integrations.outbox import record_fact
from apps.integrations.outgoing.addresses import UnusableWebhookUrl, target_of
from apps.integrations.outgoing.catalogue import event_kind, event_kinds
from apps.integrations.outgoing.delivery import SCHEDULE_SECONDS
from apps.integrations.outgoing.endpoints import (
    UnusableEndpoint,
    change_endpoint,
    create_endpoint,
    replay,
    rotate_secret,
    switch_endpoint,
)
from apps.integrations.outgoing.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from apps.integrations.tasks import deliver_webhooks, fan_out_facts
from apps.players.models import Player
from apps.players.operations import change_status
from tests.factories.players import make_brand, make_player
from tests.integrations.receiver import Receiver, receiver

pytestmark = pytest.mark.django_db(transaction=True)

STATUS = "player.status_changed"
State = WebhookMessage.State


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    # Facts as an older version may have written them are told too, or left out.
    settings.STRICT_FACTS = False


@pytest.fixture
def operator(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with receiver() as here:
        yield here


def endpoint_at(
    url: str, *, kinds: tuple[str, ...] = ("*",), name: str = "crm", brand: str = "aurora"
) -> tuple[WebhookEndpoint, str]:
    return create_endpoint(
        brand_code=brand, name=name, url=url, kinds=kinds, actor=None, now=clock.now() - timedelta(seconds=1)
    )


def happen(number: int = 1, *, subject: str = "", brand: str = "aurora", kind: str = STATUS) -> None:
    data = {
        "before": "active",
        "after": "restricted",
        "restrictions": ["play"],
        "reason_code": f"r{number}",
        "secret": "x",
    }
    record_fact(kind=kind, brand_code=brand, subject=subject or f"s{number}", data=data, now=clock.now())


def tell() -> int:
    fan_out_facts()
    return deliver_webhooks()


def sent(operator: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for body in operator.bodies()]


def make_due() -> None:
    WebhookMessage.objects.filter(state=State.PENDING).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    WebhookEndpoint.objects.update(paused_until=None)


def test_a_receiver_can_verify_what_it_is_told_with_the_public_library(operator: Receiver) -> None:
    _, secret = endpoint_at(operator.url)
    happen()
    assert tell() == 1
    (got,) = operator.received
    assert got.path == "/hooks"
    body = Webhook(secret).verify(got.body, got.headers)
    assert body["type"] == STATUS
    assert body["data"] == {
        "sequence": 1, "brand": "aurora", "player": None, "subject": "s1",
        "before": "active", "after": "restricted", "restrictions": ["play"], "reason_code": "r1",
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.replace(b"active", b"closed"), got.headers)


def test_a_real_change_of_a_player_reaches_the_operator_under_the_players_public_id(operator: Receiver) -> None:
    brand = make_brand()
    endpoint_at(operator.url, kinds=("player.status_changed",), brand=brand.code)
    player = make_player()
    change_status(player_id=player.pk, to=Player.Status.SUSPENDED, reason_code="fraud", actor="test", now=clock.now())
    tell()
    (body,) = sent(operator)
    assert body["data"]["player"] == str(player.public_id)
    assert (body["data"]["before"], body["data"]["after"]) == ("active", "suspended")


def test_every_event_fits_its_published_schema(operator: Receiver) -> None:
    brand = make_brand()
    endpoint_at(operator.url, brand=brand.code)
    player = make_player()
    change_status(player_id=player.pk, to=Player.Status.CLOSED, reason_code="wish", actor="test", now=clock.now())
    tell()
    bodies = sent(operator)
    assert {body["type"] for body in bodies} == {"player.registered", STATUS}
    for body in bodies:
        kind = event_kind(body["type"])
        assert kind is not None
        jsonschema.validate(body, kind.schema)
    for kind in event_kinds():
        jsonschema.Draft202012Validator.check_schema(kind.schema)


def test_an_endpoint_hears_only_of_its_brand_its_kinds_and_its_time(operator: Receiver) -> None:
    happen(1)
    endpoint_at(operator.url, kinds=(STATUS,))
    WebhookEndpoint.objects.update(created_at=clock.now())
    happen(2)
    happen(3, brand="nordlys")
    happen(4, kind="player.secret_thing")
    tell()
    assert [body["data"]["subject"] for body in sent(operator)] == ["s2"]


def test_events_of_one_subject_keep_their_order_while_others_pass(operator: Receiver) -> None:
    endpoint_at(operator.url)
    happen(1, subject="anna")
    happen(2, subject="anna")
    happen(3, subject="bo")
    operator.answers = [(500, {})]
    fan_out_facts()
    WebhookMessage.objects.exclude(sequence=1).update(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert deliver_webhooks() == 1
    WebhookMessage.objects.exclude(sequence=1).update(next_attempt_at=timezone.now())
    assert deliver_webhooks() == 1
    assert [body["data"]["sequence"] for body in sent(operator)] == [1, 3]
    make_due()
    deliver_webhooks()
    assert [body["data"]["sequence"] for body in sent(operator)] == [1, 3, 1, 2]
    assert set(WebhookMessage.objects.values_list("state", flat=True)) == {State.DELIVERED}


def test_a_retry_carries_the_same_id_and_body_under_a_new_signature_time(operator: Receiver) -> None:
    _, secret = endpoint_at(operator.url)
    happen()
    operator.answers = [(500, {})]
    tell()
    make_due()
    deliver_webhooks()
    first, second = operator.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    Webhook(secret).verify(second.body, second.headers)
    tries = WebhookAttempt.objects.order_by("id")
    assert [(each.number, each.status) for each in tries] == [(1, 500), (2, 204)]


def test_a_redirect_is_a_failure_and_is_not_followed(operator: Receiver) -> None:
    endpoint_at(operator.url)
    happen()
    operator.answers = [(302, {"Location": operator.url})]
    tell()
    assert len(operator.received) == 1
    assert WebhookMessage.objects.get().state == State.PENDING


def test_after_the_last_try_a_message_is_given_up_and_can_be_replayed(operator: Receiver) -> None:
    endpoint_at(operator.url)
    happen()
    operator.answers = [(500, {})] * (len(SCHEDULE_SECONDS) + 1)
    fan_out_facts()
    for _ in range(len(SCHEDULE_SECONDS) + 1):
        make_due()
        assert deliver_webhooks() == 1
    message = WebhookMessage.objects.get()
    assert (message.state, message.attempts, message.next_attempt_at) == (State.FAILED, 10, None)
    make_due()
    assert deliver_webhooks() == 0
    assert replay(message_ids=[message.pk], reason="receiver repaired", actor=None, now=timezone.now()) == 1
    assert deliver_webhooks() == 1
    assert WebhookMessage.objects.get().state == State.DELIVERED
    assert len({each.headers["webhook-id"] for each in operator.received}) == 1


def test_410_switches_the_endpoint_off_and_events_wait_until_it_is_on_again(operator: Receiver) -> None:
    endpoint, _ = endpoint_at(operator.url)
    happen(1)
    operator.answers = [(410, {})]
    tell()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.state_reason) == ("off", "The receiver answered 410 Gone.")
    happen(2)
    make_due()
    assert tell() == 0
    switch_endpoint(endpoint_id=endpoint.pk, on=True, reason="moved", actor=None, now=timezone.now())
    assert deliver_webhooks() == 2
    assert sorted(body["data"]["sequence"] for body in sent(operator)) == [1, 1, 2]


def test_a_receiver_that_asks_for_a_pause_gets_one(operator: Receiver) -> None:
    endpoint, _ = endpoint_at(operator.url)
    happen(1)
    operator.answers = [(429, {"Retry-After": "120"})]
    tell()
    endpoint.refresh_from_db()
    assert endpoint.paused_until is not None
    assert timedelta(seconds=110) < endpoint.paused_until - timezone.now() <= timedelta(seconds=120)
    happen(2)
    assert tell() == 0


def test_after_days_of_failures_an_endpoint_is_switched_off(operator: Receiver) -> None:
    endpoint, _ = endpoint_at(operator.url)
    happen()
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=6))
    operator.answers = [(500, {})]
    tell()
    endpoint.refresh_from_db()
    assert endpoint.state == "off"
    assert IntegrationEvent.objects.filter(action=IntegrationEvent.Action.WEBHOOK_SWITCHED).count() == 1


def test_during_a_rotation_both_secrets_sign_and_afterwards_only_the_new_one(operator: Receiver) -> None:
    endpoint, old = endpoint_at(operator.url)
    new = rotate_secret(endpoint_id=endpoint.pk, reason="yearly rotation", actor=None, now=timezone.now())
    happen(1)
    tell()
    for secret in (old, new):
        Webhook(secret).verify(operator.received[0].body, operator.received[0].headers)
    endpoint.secrets.filter(expires_at__isnull=False).update(expires_at=timezone.now())
    happen(2)
    tell()
    Webhook(new).verify(operator.received[1].body, operator.received[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(operator.received[1].body, operator.received[1].headers)


def test_a_worker_that_dies_between_claim_and_answer_loses_nothing(operator: Receiver) -> None:
    endpoint_at(operator.url)
    happen()
    fan_out_facts()
    # What a killed worker leaves: claimed, its lease running.
    WebhookMessage.objects.update(attempts=1, next_attempt_at=timezone.now() + timedelta(minutes=2))
    assert deliver_webhooks() == 0
    make_due()
    assert deliver_webhooks() == 1
    assert WebhookMessage.objects.get().state == State.DELIVERED


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[64:ff9b::7f00:1]/hook",
        "https://[2002:7f00:1::]/hook",
        "https://0.0.0.0/hook",
        "https://100.64.0.1/hook",
        "https://224.0.0.1/hook",
        "https://localhost/hook",
        "https://2130706433/hook",
    ],
)
def test_addresses_inside_are_not_called(url: str) -> None:
    with pytest.raises(UnusableWebhookUrl):
        target_of(url)
    endpoint_at(url)
    happen()
    assert tell() == 1
    attempt = WebhookAttempt.objects.get()
    assert attempt.status is None
    assert "not public" in attempt.error


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/hook",
        "https://user:pass@example.com/hook",
        "https:///hook",
        "https://example.com/#here",
        "https://example.com/a b",
        "https://example.com:99999/",
        "javascript:alert(1)",
        "https://example.com/" + "a" * 500,
    ],
)
def test_urls_that_can_never_work_are_refused_when_they_are_entered(url: str) -> None:
    with pytest.raises(UnusableWebhookUrl):
        endpoint_at(url)
    assert not WebhookEndpoint.objects.exists()


def test_events_that_do_not_exist_are_refused() -> None:
    with pytest.raises(UnusableEndpoint):
        endpoint_at("https://example.com/hook", kinds=("player.flew_away",))
    with pytest.raises(UnusableEndpoint):
        endpoint_at("https://example.com/hook", kinds=())


def test_nobody_sets_up_an_endpoint_without_the_permission() -> None:
    nobody = User.objects.create(username="nobody")
    now = clock.now()
    with pytest.raises(PermissionDenied):
        create_endpoint(brand_code="aurora", name="x", url="https://example.com/", kinds=("*",), actor=nobody, now=now)
    endpoint, _ = endpoint_at("https://example.com/")
    with pytest.raises(PermissionDenied):
        rotate_secret(endpoint_id=endpoint.pk, reason="because", actor=nobody, now=now)
    with pytest.raises(PermissionDenied):
        change_endpoint(
            endpoint_id=endpoint.pk, url="https://evil.example/", kinds=("*",), reason="x", actor=nobody, now=now
        )
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.secrets.count()) == ("https://example.com/", 1)


def test_the_secret_is_not_stored_in_the_clear_and_the_log_can_not_be_changed(operator: Receiver) -> None:
    endpoint, secret = endpoint_at(operator.url)
    happen()
    tell()
    assert secret.removeprefix("whsec_").encode() not in bytes(endpoint.secrets.get().ciphertext)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_webhookattempt SET status = 200")
