"""One story of a player, newest first, from every source; upper apps register theirs. One query a page."""

import base64
import binascii
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from apps.compliance.queues import reading_desk
from apps.core.admin_display import amount_text, plain_text, signed_amount_text

PAGE = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the story."""

    at: datetime
    source: str
    icon: str
    ref: str
    title: str
    text: str
    level: str = "plain"


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """
    Where entries come from.

    `sql` selects ``at, ref (text), title (text), detail (jsonb)`` of ``%(player)s`` with ``{below}`` in its WHERE and
    ends without ORDER BY; the reader's ``%(queues)s`` and ``%(stages)s`` are at hand. It is read
    newest first and paged by the column `key`, `key_type` its SQL type.
    `tell` turns title and detail into (title, text, level).
    """

    name: str
    title: str
    icon: str
    permission: str
    sql: str
    key: str
    key_type: str
    tell: Callable[[str, Mapping[str, Any]], tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, and where the next page begins (empty: nowhere)."""

    entries: list[Entry]
    older: str


_SOURCES: dict[str, TimelineSource] = {}
_FACTS_FOR: dict[str, str] = {}


def register_timeline_source(source: TimelineSource) -> None:
    """Add a source. Called in ``AppConfig.ready`` of the app whose tables it reads; the same name replaces."""
    _SOURCES[source.name] = source


def restrict_facts(prefix: str, permission: str) -> None:
    """
    Tell facts of these kinds to holders of a permission only. Called in ``AppConfig.ready`` of the app that records.

    Cases of different queues show the story of the same player, and who works on one may not know of the other.

    :param prefix: how their kinds begin; no wildcards
    """
    _FACTS_FOR[prefix] = permission


def offered_sources(user: Any) -> list[TimelineSource]:
    """What this person may read."""
    return [each for each in _SOURCES.values() if not each.permission or user.has_perm(each.permission)]


def timeline(player_id: int, *, user: Any, only: Collection[str] = (), before: str = "") -> Page:
    """
    Read one page.

    :param only: names of sources; none means all that the person may read
    :param before: `older` of the page before
    """
    sources = [each for each in offered_sources(user) if not only or each.name in only]
    reached = _decoded(before)
    if not sources:
        return Page([], "")
    desk = reading_desk(user)
    terms: dict[str, Any] = {
        "player": player_id, "page": PAGE + 1, "queues": list(desk.queues), "stages": list(desk.stages),
        "untold": [f"{prefix}%" for prefix, permission in _FACTS_FOR.items() if not user.has_perm(permission)],
    }  # fmt: skip
    parts = []
    for source in sources:
        name = f"below_{source.name.replace('-', '_')}"
        below = f"(%({name})s::{source.key_type} IS NULL OR {source.key} < %({name})s::{source.key_type})"
        terms[name] = reached.get(source.name)
        body = source.sql.format(below=below)
        parts.append(
            # Text of this code base only; what a person sends travels as parameters.
            f"(SELECT '{source.name}' AS source, s.* FROM ({body} ORDER BY {source.key} DESC LIMIT %(page)s) s)"  # noqa: S608
        )
    query = " UNION ALL ".join(parts) + " ORDER BY at DESC, source, ref DESC LIMIT %(page)s"
    with connection.cursor() as cursor:
        cursor.execute(query, terms)
        rows = cursor.fetchall()
    shown = rows[:PAGE]
    for source_name, _, ref, *_ in shown:
        reached[source_name] = ref
    older = _encoded(reached) if len(rows) > PAGE else ""
    return Page([_entry(row) for row in shown], older)


def _entry(row: tuple[Any, ...]) -> Entry:
    name, at, ref, title, detail = row
    source = _SOURCES[name]
    known = json.loads(detail) if isinstance(detail, str) else (detail or {})
    words, text, level = source.tell(title, known)
    return Entry(at=at, source=name, icon=source.icon, ref=ref, title=words, text=text, level=level)


def _encoded(reached: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(reached, separators=(",", ":")).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> dict[str, str]:
    """Read a cursor; one that makes no sense begins at the newest."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = json.loads(raw)
    except (ValueError, binascii.Error):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: ref
        for name, ref in found.items()
        if isinstance(ref, str) and name in _SOURCES and _is_key(ref, _SOURCES[name].key_type)
    }


def _is_key(ref: str, key_type: str) -> bool:
    if key_type == "bigint":
        return ref.isdecimal() and len(ref) < 19  # noqa: PLR2004 - fits a bigint
    if key_type == "uuid":
        return len(ref) == 36 and all(each in "0123456789abcdef-" for each in ref)  # noqa: PLR2004
    return len(ref) == 10 and ref.replace("-", "").isdecimal()  # noqa: PLR2004 - a date


# --- what the lower apps know ---------------------------------------------------------------------


def _words(code: str) -> str:
    return code.replace("_", " ").replace("-", " ").replace(".", " ").capitalize()


def _money(title: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    units = int(detail["amount"])
    amount = (
        signed_amount_text(units, detail["currency"])
        if units
        else amount_text(int(detail["moved"]), detail["currency"])
    )
    level = "bad" if title in {"chargeback", "reversal"} else "good" if units > 0 else "plain"
    return _words(title), amount, level


def _play(_: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    currency = detail["currency"]
    lost = int(detail["staked"]) - int(detail["won"])
    result = f"lost {amount_text(lost, currency)}" if lost >= 0 else f"won {amount_text(-lost, currency)}"
    return f"{int(detail['bets']):,} bets", f"staked {amount_text(int(detail['staked']), currency)}, {result}", "plain"


def _session(_: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    parts = [detail.get("address") or "unknown address", detail.get("device") or "no device id"]
    return "Logged in", " · ".join(parts), "plain"


def _attempt(title: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"Log-in: {_words(title).lower()}", detail.get("address") or "unknown address", "warning"


def _status(title: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    named = ", ".join(detail.get("restrictions") or [])
    text = f"{detail['reason']}{f' ({named})' if named else ''} by {detail['actor']}"
    return title, text, "warning"


def _case_event(title: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    text = f"by {detail['actor']}" + (f": {detail['text']}" if detail.get("text") else "")
    level = {"resolved": "good", "decided": "warning", "sla-breached": "bad"}.get(title, "plain")
    return f"{detail['reference']}: {_words(title).lower()}", text, level


def _contact(title: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    words = int(detail["words"])
    told = [_words(detail["channel"]), f"about {_words(detail['topic']).lower()}"]
    if detail["reference"]:
        told.append(f"ticket {detail['reference']}")
    if words:
        told.append(f"{words} {'word' if words == 1 else 'words'} of concern")
    return (
        ("Wrote or called us" if title == "received" else "We wrote or called"),
        ", ".join(told),
        ("bad" if words else "plain"),
    )


def _is_amount(name: str) -> bool:
    return name == "units" or name.endswith("_units")


def _fact(title: str, detail: Mapping[str, Any]) -> tuple[str, str, str]:
    shown = {name: value for name, value in detail.items() if isinstance(value, str | int) and value not in ("", False)}
    for name in ("jurisdiction", "is_test"):
        shown.pop(name, None)
    currency = shown.pop("currency", "")
    words = [
        amount_text(value, str(currency)) if isinstance(value, int) and currency and _is_amount(name)
        else f"{name.replace('_', ' ')}: {plain_text(value)}"
        for name, value in shown.items()
    ]  # fmt: skip
    return _words(title), ", ".join(words), "plain"


OWN_SOURCES = (
    TimelineSource(
        "money", "Money", "payments", "transactions.view_transaction",
        "SELECT m.at, m.id::text AS ref, m.kind AS title, jsonb_build_object('amount', m.amount, 'moved', m.moved,"
        " 'currency', m.currency) AS detail FROM compliance_moneymove m WHERE m.player_id = %(player)s AND {below}",
        "m.id", "uuid", _money,
    ),
    TimelineSource(
        "play", "Play by day", "casino", "transactions.view_transaction",
        "SELECT (max(d.day) + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 second' AS at, d.day::text AS ref,"
        " 'play' AS title, (array_agg(jsonb_build_object('bets', d.bets, 'staked', d.staked, 'won', d.won,"
        " 'currency', d.currency) ORDER BY d.bets DESC))[1] AS detail"
        " FROM compliance_moneyday d WHERE d.player_id = %(player)s AND d.bets > 0 AND {below} GROUP BY d.day",
        "d.day", "date", _play,
    ),
    TimelineSource(
        "sessions", "Log-ins and devices", "devices", "players.view_playersession",
        "SELECT s.created_at AS at, s.id::text AS ref, 'session' AS title, jsonb_build_object("
        "'address', host(s.remote_address), 'device', s.device) AS detail"
        " FROM players_playersession s WHERE s.player_id = %(player)s AND {below}",
        "s.id", "bigint", _session,
    ),
    TimelineSource(
        "attempts", "Failed log-ins", "login", "players.view_loginattempt",
        "SELECT a.attempted_at AS at, a.id::text AS ref, a.outcome AS title, jsonb_build_object("
        "'address', host(a.remote_address)) AS detail FROM players_loginattempt a"
        " WHERE a.player_id = %(player)s AND a.outcome <> 'success' AND {below}",
        "a.id", "bigint", _attempt,
    ),
    TimelineSource(
        "status", "Status", "gavel", "players.view_statuschange",
        "SELECT c.changed_at AS at, c.id::text AS ref, c.from_status || ' → ' || c.to_status AS title,"
        " jsonb_build_object('reason', c.reason_code, 'actor', c.actor, 'restrictions', to_jsonb(c.restrictions))"
        " AS detail FROM players_statuschange c WHERE c.player_id = %(player)s AND {below}",
        "c.id", "bigint", _status,
    ),
    TimelineSource(
        "facts", "Limits, identity, exclusions", "flag", "compliance.view_case",
        "SELECT f.at, f.id::text AS ref, f.kind AS title, f.data AS detail FROM integrations_fact f"
        " WHERE f.player_id = %(player)s AND f.kind NOT IN ('player.logged_in', 'player.login_failed',"
        " 'player.status_changed', 'compliance.case.opened', 'compliance.case.resolved', 'compliance.contact.received',"
        " 'compliance.contact.sent') AND f.kind NOT LIKE ALL (%(untold)s::text[]) AND {below}",
        "f.id", "uuid", _fact,
    ),
    TimelineSource(
        "contacts", "Contacts", "forum", "compliance.view_playercontact",
        "SELECT c.at, c.id::text AS ref, c.direction AS title, jsonb_build_object('channel', c.channel, 'topic',"
        " c.topic, 'words', c.words, 'reference', c.reference) AS detail"
        " FROM compliance_playercontact c WHERE c.player_id = %(player)s AND {below}",
        "c.id", "bigint", _contact,
    ),
    TimelineSource(
        "cases", "Cases and staff", "work", "compliance.view_case",
        "SELECT e.at, e.id::text AS ref, e.kind AS title, jsonb_build_object('actor', e.actor_name, 'text',"
        " left(e.text, 300), 'reference', upper(c.blueprint_code) || '-' || c.id) AS detail"
        " FROM compliance_caseevent e JOIN compliance_case c ON c.id = e.case_id WHERE c.player_id = %(player)s"
        " AND c.blueprint_code = ANY (%(queues)s) AND c.stage = ANY (%(stages)s) AND e.kind <> 'evidence-read'"
        " AND {below}",
        "e.id", "bigint", _case_event,
    ),
)  # fmt: skip


def register_own() -> None:
    """Register what this app and those below it know."""
    for source in OWN_SOURCES:
        register_timeline_source(source)
