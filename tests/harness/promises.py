"""The promise of the event catalogue, held against every fact that a test makes the platform record."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import jsonschema

from apps.integrations.outbox import Fact
from apps.integrations.outgoing.catalogue import event_kind
from apps.integrations.outgoing.fan_out import body_of

SEEN: Counter[str] = Counter()
"""How many facts of each promised kind were checked in this process."""


def checked(outbox: ModuleType) -> Callable[[list[Any]], None]:
    """Make what writes facts, with a look at each before it is written."""
    write: Callable[[list[Any]], None] = outbox._append

    def append(values: list[Any]) -> None:
        # Facts that a test makes up itself may be anything; what the platform records may not.
        if sys._getframe(2).f_globals["__name__"].startswith("apps."):
            check(values)
        write(values)

    return append


def check(values: list[Any]) -> None:
    """
    Render a fact as an endpoint would be told of it.

    :raises KeyError: if it lacks what its kind promises
    :raises jsonschema.ValidationError: if a value is of another kind than promised
    """
    key, name, brand, player, subject, data, request, at = values
    kind = event_kind(name)
    if kind is None:
        return
    fact = Fact(key, 0, name, brand, player, subject, data.obj, request, at)
    jsonschema.validate(decoded(fact), kind.schema)
    SEEN[name] += 1


def decoded(fact: Fact) -> Any:
    """The body of a message about a fact, as a receiver reads it."""
    return json.loads(body_of(fact, player=None if fact.player_id is None else uuid4(), sequence=1))


def fact_of(kind: str, data: dict[str, Any], at: datetime) -> Fact:
    """A fact out of nothing, for tests of the check itself."""
    return Fact(UUID(int=1), 0, kind, "aurora", 1, "s", data, None, at)
