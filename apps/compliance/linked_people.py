"""Who shares a device, an address or an instrument with a player. Derived traces; upper apps register more kinds."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from apps.compliance.models.pictures import PlayerTrace
from apps.core.admin_display import masked_text

# A thing that so many accounts share is a café, a mobile network or a library, not a person.
MOST_SHARING = 20
_MOST_SHOWN = 40
_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class TraceKind:
    """
    One kind of trace.

    `changed` is SQL for the ids of players whose traces may have changed since ``%(since)s``; `collect` gives, for
    ``%(players)s``, rows of (player id, value, first seen, last seen, times).
    """

    name: str
    title: str
    weight: int
    """How strongly it speaks for one person, 1 to 5."""
    changed: str
    collect: str


_KINDS: dict[str, TraceKind] = {}


def register_trace_kind(kind: TraceKind) -> None:
    """Let linked people be found by this. Called in ``AppConfig.ready`` of the app whose tables it reads."""
    _KINDS[kind.name] = kind


def trace_kind(name: str) -> TraceKind:
    """Return one kind, also one that is no longer registered."""
    return _KINDS.get(name) or TraceKind(name, name.replace("-", " "), 1, "", "")


_SESSIONS = "SELECT DISTINCT player_id FROM players_playersession WHERE created_at >= %(since)s"
_SEEN = (
    "SELECT player_id, {0}, min(created_at), max(last_seen_at), count(*) FROM players_playersession"
    " WHERE player_id = ANY (%(players)s) AND {1} GROUP BY 1, 2"
)


def register_own() -> None:
    """Register what `players` knows."""
    register_trace_kind(TraceKind("device", "Device", 4, _SESSIONS, _SEEN.format("device", "device <> ''")))
    register_trace_kind(
        TraceKind(
            "address", "IP address", 2, _SESSIONS, _SEEN.format("host(remote_address)", "remote_address IS NOT NULL")
        )
    )
    people = "SELECT id FROM players_player WHERE registered_at >= %(since)s"
    register_trace_kind(
        TraceKind(
            "home", "Home address", 3, people,
            "SELECT id, lower(street || ' ' || postcode || ' ' || country), registered_at, registered_at, 1"
            "  FROM players_player WHERE id = ANY (%(players)s) AND street <> '' AND postcode <> ''",
        )
    )  # fmt: skip
    register_trace_kind(
        TraceKind(
            "phone", "Phone", 5, people,
            "SELECT id, phone, registered_at, registered_at, 1"
            "  FROM players_player WHERE id = ANY (%(players)s) AND phone <> ''",
        )
    )  # fmt: skip


def collect_traces(*, since: datetime, player_ids: Sequence[int] | None = None) -> int:
    """
    Bring the traces of players up to date; doing so twice changes nothing. Returns how many rows were written.

    :param since: whatever changed from then on is looked at
    :param player_ids: these players instead
    """
    return sum(_collect(kind, since, player_ids) for kind in _KINDS.values())


@transaction.atomic
def _collect(kind: TraceKind, since: datetime, player_ids: Sequence[int] | None) -> int:
    with connection.cursor() as cursor:
        if player_ids is None:
            cursor.execute(kind.changed, {"since": since})
            player_ids = [row[0] for row in cursor.fetchall()]
        if not player_ids:
            return 0
        cursor.execute(kind.collect, {"players": list(player_ids)})
        rows = cursor.fetchall()
    traces = [
        PlayerTrace(
            player_id=player, kind=kind.name, digest=hashlib.sha256(value.encode()).digest(), shown=_masked(value),
            first_seen_at=first, last_seen_at=last, times=times,
        )
        for player, value, first, last, times in rows
    ]  # fmt: skip
    PlayerTrace.objects.bulk_create(
        traces,
        update_conflicts=True,
        unique_fields=["player", "kind", "digest"],
        update_fields=["first_seen_at", "last_seen_at", "times"],
    )
    return len(traces)


def _masked(value: str) -> str:
    """Enough to tell two apart, not enough to use."""
    return f"{value[:4]}…{value[-3:]}" if len(value) > 10 else masked_text(value)  # noqa: PLR2004


@dataclass(slots=True)
class Linked:
    """One other account and what it shares."""

    player_id: int
    username: str
    status: str
    is_masked: bool
    shared: list[dict[str, Any]] = field(default_factory=list)
    open_cases: int = 0

    @property
    def strength(self) -> int:
        """Sum of what is shared, each kind once."""
        return sum({each["kind"]: each["weight"] for each in self.shared}.values())


_LINKED = """
WITH mine AS (
    SELECT kind, digest, shown FROM compliance_playertrace WHERE player_id = %(player)s
), common AS (
    SELECT m.kind, m.digest, m.shown FROM mine m
     WHERE (SELECT count(*) FROM (SELECT 1 FROM compliance_playertrace o
                                   WHERE o.kind = m.kind AND o.digest = m.digest LIMIT %(most)s + 1) c) <= %(most)s
)
SELECT o.player_id, p.username, p.status, c.kind, c.shown, o.first_seen_at, o.last_seen_at, o.times,
       (SELECT count(*) FROM compliance_case k WHERE k.player_id = o.player_id AND k.state <> 'resolved'
           AND k.blueprint_code = ANY (%(queues)s))
  FROM common c
  JOIN compliance_playertrace o ON o.kind = c.kind AND o.digest = c.digest AND o.player_id <> %(player)s
  JOIN players_player p ON p.id = o.player_id
 WHERE %(brands)s::bigint[] IS NULL OR p.brand_id = ANY (%(brands)s)
 ORDER BY o.last_seen_at DESC LIMIT 400
"""


def linked_people(player_id: int, *, queues: Sequence[str], brands: Sequence[int] | None, masked: bool) -> list[Linked]:
    """
    Accounts that share something with the player's, strongest first; one query.

    :param queues: whose open cases are counted
    :param masked: whether usernames are hidden
    """
    terms: dict[str, Any] = {
        "player": player_id, "most": MOST_SHARING, "queues": list(queues),
        "brands": None if brands is None else list(brands),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LINKED, terms)
        rows = cursor.fetchall()
    found: dict[int, Linked] = {}
    for other, username, status, kind, shown, first, last, times, cases in rows:
        name = masked_text(username) if masked else username
        linked = found.setdefault(other, Linked(other, name, status, masked, open_cases=cases))
        spec = trace_kind(kind)
        linked.shared.append(
            {
                "kind": kind, "title": spec.title, "weight": spec.weight, "shown": shown, "first": first, "last": last,
                "times": times,
            }
        )  # fmt: skip
    return sorted(found.values(), key=lambda each: (-each.strength, each.player_id))[:_MOST_SHOWN]


def link_graph(username: str, linked: Sequence[Linked]) -> dict[str, Any] | None:
    """A picture: the player in the middle, others around, a line for what they share. Up to twelve others."""
    shown = list(linked)[:12]
    if not shown:
        return None
    # Few stand beside each other, many around.
    height, radius_y, first = (170, 0, 0.0) if len(shown) <= _IN_A_ROW else (340, 125, -math.pi / 2)
    width, radius_x = 720, 270
    nodes = []
    for number, each in enumerate(shown):
        angle = 2 * math.pi * number / len(shown) + first
        kinds = list(dict.fromkeys(item["title"] for item in each.shared))
        x, y = width / 2 + radius_x * math.cos(angle), height / 2 + radius_y * math.sin(angle)
        nodes.append(
            {
                "x": round(x, 1), "y": round(y, 1), "mid_x": round((x + width / 2) / 2, 1),
                "mid_y": round((y + height / 2) / 2, 1), "name": each.username, "id": each.player_id,
                "status": each.status, "line": min(1 + each.strength / 2, 5), "kinds": ", ".join(kinds),
                "cases": each.open_cases, "is_masked": each.is_masked,
            }
        )  # fmt: skip
    return {"width": width, "height": height, "x": width / 2, "y": height / 2, "name": username, "nodes": nodes}


def refresh_recent(*, now: datetime) -> int:
    """What the schedule runs every minute, with an overlap so that nothing which committed late is missed."""
    return collect_traces(since=now - timedelta(minutes=15))
