"""The promise of the event catalogue, held against every fact that a test makes the platform record."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import jsonschema
from django.db import connection

from apps.integrations.outbox import Fact
from apps.integrations.outgoing.catalogue import event_kind
from apps.integrations.outgoing.fan_out import body_of

_RECORDED = """
SELECT id, xact, kind, brand_code, player_id, subject, data::text, request_id, at FROM integrations_fact ORDER BY id
"""


def check_recorded() -> Counter[str]:
    """
    Render each fact in the database as an endpoint would be told of it; returns how many of each promised kind.

    :raises KeyError: if one lacks what its kind promises
    :raises jsonschema.ValidationError: if a value is of another kind than promised
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED)
        rows = cursor.fetchall()
    seen: Counter[str] = Counter()
    for row in rows:
        fact = replace(Fact(*row), data=json.loads(row[6]))
        kind = event_kind(fact.kind)
        if kind is not None:
            jsonschema.validate(decoded(fact), kind.schema)
            seen[fact.kind] += 1
    return seen


def decoded(fact: Fact) -> Any:
    """The body of a message about a fact, as a receiver reads it."""
    return json.loads(body_of(fact, player=None if fact.player_id is None else uuid4(), sequence=1))


def fact_of(kind: str, data: dict[str, Any], at: datetime) -> Fact:
    """A fact out of nothing, for tests of the check itself."""
    return Fact(UUID(int=1), 0, kind, "aurora", 1, "s", data, None, at)
