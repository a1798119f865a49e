"""Turning facts into messages: one for each endpoint that wants it, numbered, its body written once and for all."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from apps.core.money import Money
from apps.integrations.outbox import Fact, consume
from apps.integrations.outgoing.catalogue import (
    MAYBE_MONEY,
    MONEY,
    JsonSchema,
    event_kind,
    event_kinds,
    matches,
    public_player_ids,
)
from apps.integrations.outgoing.models import WebhookEndpoint, WebhookMessage

log = structlog.get_logger(__name__)

CONSUMER = "integrations.webhooks"
_BATCH = 500


def fan_out() -> int:
    """Take over the facts that are new since the last time; returns how many were looked at."""
    looked_at = 0
    while True:
        taken = consume(consumer=CONSUMER, handle=_write, most=_BATCH, kinds=[each.kind for each in event_kinds()])
        looked_at += taken
        if taken < _BATCH:
            return looked_at


def _write(facts: Sequence[Fact]) -> None:
    brands = {fact.brand_code for fact in facts}
    # Locked in one order: their counters are about to move.
    endpoints = list(WebhookEndpoint.objects.select_for_update().filter(brand_code__in=brands).order_by("pk"))
    players = public_player_ids({fact.player_id for fact in facts if fact.player_id is not None})
    now = timezone.now()
    messages = []
    for endpoint in endpoints:
        for fact in facts:
            if _is_wanted(fact, endpoint) and _is_whole(fact):
                player = None if fact.player_id is None else players.get(fact.player_id)
                messages.append(_message(fact, endpoint, player, now))
                endpoint.next_sequence += 1
    WebhookMessage.objects.bulk_create(messages)
    WebhookEndpoint.objects.bulk_update(endpoints, ["next_sequence"])


def _is_wanted(fact: Fact, endpoint: WebhookEndpoint) -> bool:
    """What happened before an endpoint was set up is not told to it."""
    is_its_own = fact.brand_code == endpoint.brand_code and fact.at >= endpoint.created_at
    return is_its_own and matches(endpoint.kinds, fact.kind)


def _is_whole(fact: Fact) -> bool:
    """Whether a fact has all its event promises. One written before it promised so much must not stop the others."""
    kind = event_kind(fact.kind)
    missing = [name for name in kind.properties if _source(fact, name, kind.properties[name]) is None] if kind else []
    if missing:
        log.error("webhook_fact_lacks_values", fact=str(fact.id), kind=fact.kind, missing=missing)
    return not missing


def sources_of(name: str, schema: JsonSchema) -> tuple[str, ...]:
    """Under which names of a fact's data a value that is told may stand; the first counts."""
    return (f"{name}_units", "units") if schema in (MONEY, MAYBE_MONEY) else (name,)


def _source(fact: Fact, name: str, schema: JsonSchema) -> str | None:
    """Under which name a fact has a value; None if it has none."""
    return next((each for each in sources_of(name, schema) if each in fact.data), None)


def _told(fact: Fact, name: str, schema: JsonSchema) -> Any:
    source = _source(fact, name, schema)
    if source is None:
        raise KeyError(name)
    value = fact.data[source]
    if schema not in (MONEY, MAYBE_MONEY) or value is None:
        return value
    currency = fact.data["currency"]
    return {"amount": Money(value, currency).format(), "currency": currency}


def _message(fact: Fact, endpoint: WebhookEndpoint, player: UUID | None, now: datetime) -> WebhookMessage:
    return WebhookMessage(
        endpoint=endpoint,
        sequence=endpoint.next_sequence,
        fact_id=fact.id,
        kind=fact.kind,
        ordering_key=str(player or fact.subject)[:60],
        body=body_of(fact, player=player, sequence=endpoint.next_sequence),
        next_attempt_at=now,
        created_at=now,
    )


def body_of(fact: Fact, *, player: UUID | None, sequence: int) -> str:
    """
    Write the body of a message: `type`, `timestamp`, `data` (Standard Webhooks 1.0.0), with what the schema names.

    :raises KeyError: if the fact lacks a value that its schema promises
    """
    kind = event_kind(fact.kind)
    assert kind is not None  # noqa: S101 - facts of other kinds are not read
    data: dict[str, Any] = {
        "sequence": sequence,
        "brand": fact.brand_code,
        "player": None if player is None else str(player),
        "subject": fact.subject,
        **{name: _told(fact, name, schema) for name, schema in kind.properties.items()},
    }
    return json.dumps(
        {"type": fact.kind, "timestamp": fact.at.isoformat().replace("+00:00", "Z"), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    )
