"""
What operators' systems can be told: every kind of event with its schema. Apps enter theirs in `AppConfig.ready`.

Only what a schema names leaves the platform. A fact whose kind is not entered here stays inside.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

JsonSchema = Mapping[str, Any]

TEXT: JsonSchema = {"type": "string"}
FLAG: JsonSchema = {"type": "boolean"}
TEXTS: JsonSchema = {"type": "array", "items": {"type": "string"}}
MONEY: JsonSchema = {
    "type": "object",
    "description": "A decimal string in main units with its currency",
    "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
}
MAYBE_TEXT: JsonSchema = {"type": ["string", "null"]}
MAYBE_COUNT: JsonSchema = {"type": ["integer", "null"]}
MAYBE_MONEY: JsonSchema = {**MONEY, "type": ["object", "null"]}
# In every event, beside what its own schema names.
_COMMON: Mapping[str, JsonSchema] = {
    "sequence": {"type": "integer", "description": "Counts up by one for each event of this endpoint"},
    "brand": {"type": "string", "description": "Code of the brand"},
    "player": {"type": ["string", "null"], "description": "Id of the player, as in the player API"},
    "subject": {"type": "string", "description": "Id of what the event is about"},
}


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event."""

    kind: str
    summary: str
    """What has happened, in a sentence."""
    properties: Mapping[str, JsonSchema]

    @property
    def family(self) -> str:
        """The first word: ``player``, ``payments`` …"""
        return self.kind.partition(".")[0]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the whole body."""
        data = {**_COMMON, **self.properties}
        return {
            "type": "object",
            "properties": {
                "type": {"const": self.kind},
                "timestamp": {"type": "string", "format": "date-time"},
                "data": {"type": "object", "properties": data, "required": sorted(data), "additionalProperties": False},
            },
            "required": ["type", "timestamp", "data"],
            "additionalProperties": False,
        }


_kinds: dict[str, EventKind] = {}
_public_ids: Callable[[Collection[int]], Mapping[int, UUID]] = lambda _ids: {}  # noqa: E731 - until players enter theirs


def register_event(kind: str, summary: str, properties: Mapping[str, JsonSchema] | None = None) -> None:
    """
    Let facts of this kind be told outside.

    :param kind: as in `outbox.record_fact`
    :param properties: schema of each value of the fact's data that is told; every event must carry all of them. An
        amount (`MONEY`) called `settled` is made of the fact's `settled_units` (or `units`) and `currency`
    """
    _kinds[kind] = EventKind(kind, summary, properties or {})


def name_players_by(public_ids: Callable[[Collection[int]], Mapping[int, UUID]]) -> None:
    """Say how players are named outside: a function from row ids to public ids."""
    global _public_ids  # noqa: PLW0603 - set once, when the apps are ready
    _public_ids = public_ids


def event_kinds() -> list[EventKind]:
    """Every kind that can be told, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def event_kind(kind: str) -> EventKind | None:
    """Look one up; None for what stays inside."""
    return _kinds.get(kind)


def public_player_ids(player_ids: Collection[int]) -> Mapping[int, UUID]:
    """Players' public ids by their row ids."""
    return _public_ids(player_ids) if player_ids else {}


def matches(wanted: Collection[str], kind: str) -> bool:
    """Whether an endpoint that wants these is told of that kind; ``payments.*`` wants the family, ``*`` everything."""
    return any(each in {"*", kind} or (each.endswith(".*") and kind.startswith(each[:-1])) for each in wanted)
