"""What the page of one case shows, in few queries: who, why, the story, the money, the links, the evidence."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, JSONObject

from apps.compliance.cases.clock import calendar_of, time_left_text
from apps.compliance.linked_people import link_graph, linked_people
from apps.compliance.models import (
    Alert,
    AlertHit,
    ApprovalRequest,
    Case,
    CaseHold,
    CaseLink,
    ClockInterval,
    PlayerNote,
    RuleSnooze,
)
from apps.compliance.money_picture import money_picture
from apps.compliance.queues import reading_desk
from apps.compliance.timeline import offered_sources, timeline
from apps.compliance.working_time import working_seconds
from apps.core.admin_display import pill
from apps.wallets.history import movements, transactions_of
from apps.wallets.queries import balances_of

_HITS_SHOWN = 5
_EARLIER_SHOWN = 12
_TRANSACTIONS_SHOWN = 50
URGENCY_LEVEL = {0: "good", 1: "plain", 2: "warning", 3: "bad"}
SEVERITY_LEVEL = {"low": "plain", "medium": "info", "high": "warning", "critical": "bad"}
STATE_LEVEL = {"open": "info", "awaiting_player": "warning", "resolved": "good"}


@dataclass(frozen=True, slots=True)
class Part:
    """
    One more card about the player, from an upper app: risk, limits, identity.

    `build` gets the player's id and the time and returns ``facts`` as (name, text); at most one
    query.
    """

    name: str
    title: str
    permission: str
    build: Callable[..., Mapping[str, Any]]


_PARTS: dict[str, Part] = {}


@dataclass(frozen=True, slots=True)
class Tool:
    """A link on the case page from an upper app; `url` may return an empty text for whoever must not know of it."""

    name: str
    build: Callable[..., Mapping[str, str] | None]


_TOOLS: dict[str, Tool] = {}


@dataclass(frozen=True, slots=True)
class Panel:
    """
    A card from an upper app that depends on the request, with a template and perhaps a form of its own.

    `build` gets ``request``, ``case`` and ``now``; the template finds what it returns under ``panel``. No query.
    """

    name: str
    template: str
    permission: str
    build: Callable[..., Mapping[str, Any]]


_PANELS: dict[str, Panel] = {}


def register_part(part: Part) -> None:
    """Add a card. Called in ``AppConfig.ready`` of the app that knows it."""
    _PARTS[part.name] = part


def register_panel(panel: Panel) -> None:
    """Add a card beside the player. Called in ``AppConfig.ready`` of the app that knows it."""
    _PANELS[panel.name] = panel


def panels_of(request: Any, case: Case, *, now: datetime) -> list[dict[str, Any]]:
    """The cards that this person may see."""
    return [
        {"template": panel.template, "panel": panel.build(request=request, case=case, now=now)}
        for panel in _PANELS.values()
        if request.user.has_perm(panel.permission)
    ]


def register_tool(tool: Tool) -> None:
    """Add a link: `build` gets ``user`` and ``case`` and returns ``title``, ``url`` and ``icon``, or None."""
    _TOOLS[tool.name] = tool


def with_page_facts(rows: QuerySet[Case], user: Any) -> QuerySet[Case]:
    """One query for all that hangs on a case and fits on its page."""
    queues = reading_desk(user)
    visible = Q(blueprint_code__in=queues.queues, stage__in=queues.stages)
    stored = ClockInterval.objects.filter(case=OuterRef("pk")).order_by().values("case")
    waiting = ApprovalRequest.objects.alias(of=KeyTextTransform("case", "payload")).filter(
        subject_player=OuterRef("player"),
        state=ApprovalRequest.State.WAITING,
        command__startswith="compliance.",
        of=Cast(OuterRef("pk"), CharField()),
    )
    earlier = Case.objects.filter(visible, player=OuterRef("player")).exclude(pk=OuterRef("pk")).order_by("-pk")
    notes = PlayerNote.objects.filter(player=OuterRef("player")).order_by("-pk")
    holds = CaseHold.objects.filter(case=OuterRef("pk"), closed_at=None)
    links = CaseLink.objects.filter(Q(case=OuterRef("pk")) | Q(other=OuterRef("pk"))).order_by("pk")
    case_json = {"id": "pk", "code": "blueprint_code", "state": "state", "title": "title", "found": "resolution",
                 "at": "opened_at", "severity": "severity"}  # fmt: skip
    return rows.select_related("blueprint", "player__brand", "player__jurisdiction", "holder", "resolved_by").annotate(
        stored_seconds=Coalesce(Subquery(stored.annotate(sum=Sum("working_seconds")).values("sum")), Value(0)),
        waiting_approvals=ArraySubquery(
            waiting.values(
                json=JSONObject(id="pk", words="summary", maker="maker__username", at="created_at", until="expires_at")
            )
        ),
        earlier_cases=ArraySubquery(earlier.values(json=JSONObject(**case_json))[:_EARLIER_SHOWN]),
        notes_shown=ArraySubquery(
            notes.values(json=JSONObject(text="text", by="written_by__username", at="at", case="case_id"))[:10]
        ),
        open_holds=ArraySubquery(holds.values("kind")),
        link_rows=ArraySubquery(
            links.values(json=JSONObject(a="case_id", b="other_id", code_a="case__blueprint_code",
                                         code_b="other__blueprint_code", why="reason"))
        ),
    )  # fmt: skip


def page_of(case: Any, *, user: Any, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Collect everything for the template. `case` comes from :func:`with_page_facts`."""
    sees_money = user.has_perm("transactions.view_transaction")
    desk = reading_desk(user)
    only = [name for name in asked.getlist("only") if name] if hasattr(asked, "getlist") else []
    linked = linked_people(
        case.player_id,
        queues=desk.queues,
        brands=desk.brands,
        masked=not user.has_perm("players.unmask_player"),
    )
    return {
        "case": case,
        "player": case.player,
        "header": header_of(case, now=now),
        "alerts": alerts_of(case),
        "timeline": timeline(case.player_id, user=user, only=only, before=asked.get("before", "")),
        "sources": offered_sources(user),
        "only": only,
        "money": money_picture(case.player_id, today=now.date()) if sees_money else None,
        "wallets": balances_of(case.player_id) if sees_money else None,
        "linked": linked,
        "graph": link_graph(case.player.username, linked),
        "evidence": list(case.evidence.select_related("added_by", "superseded_by")),
        "decisions": decisions_of(case),
        "checklist": checklist_of(case),
        "links": _links(case),
        "is_mine": case.holder_id == user.pk,
        "parts": [
            {"part": part, **part.build(player_id=case.player_id, now=now)}
            for part in _PARTS.values()
            if user.has_perm(part.permission)
        ],
        "tools": [found for tool in _TOOLS.values() if (found := tool.build(user=user, case=case))],
        **(_transactions(case, asked) if sees_money and asked.get("show") == "transactions" else {}),
    }


def header_of(case: Any, *, now: datetime) -> dict[str, Any]:
    """State, stage, severity and clock in words and colours."""
    used = case.stored_seconds
    if case.clock_started_at:
        used += working_seconds(calendar_of(case), case.clock_started_at, now)
    share = 100 * used // (60 * case.sla_minutes)
    return {
        "state": pill(case.state, case.get_state_display(), STATE_LEVEL[case.state]),
        "stage": pill(case.stage, case.get_stage_display(), "plain"),
        "severity": pill(case.severity, case.get_severity_display(), SEVERITY_LEVEL[case.severity]),
        "urgency": pill(str(case.urgency), case.get_urgency_display(), URGENCY_LEVEL[case.urgency]),
        "share": int(share),
        "share_width": min(int(share), 100),
        "level": URGENCY_LEVEL[case.urgency] if not case.is_closed else "plain",
        "left": time_left_text(case, now=now),
        "calendar": "day and night" if not calendar_of(case) else "working hours",
    }


def alerts_of(case: Case) -> list[dict[str, Any]]:
    """Each alert with value against threshold, and its latest hits; one query."""
    hits = AlertHit.objects.filter(alert=OuterRef("pk")).order_by("-pk")
    snoozed = RuleSnooze.objects.filter(player=OuterRef("player"), rule_id=OuterRef("rule_id"), ended_at=None)
    rows = Alert.objects.filter(case=case).annotate(
        hit_rows=ArraySubquery(
            hits.values(json=JSONObject(at="at", words="explanation", quiet="suppressed"))[:_HITS_SHOWN]
        ),
        quiet=Coalesce(
            Subquery(
                AlertHit.objects.filter(alert=OuterRef("pk")).exclude(suppressed="").order_by().values("alert")
                .annotate(n=Sum(Value(1))).values("n")
            ),
            Value(0),
        ),
        snoozed_until=Subquery(snoozed.values("ends_at")[:1]),
    )  # fmt: skip
    return [
        {
            "alert": alert,
            "severity": pill(alert.severity, alert.get_severity_display(), SEVERITY_LEVEL[alert.severity]),
            "facts": figures_of(alert.evidence),
            "transactions": [str(each) for each in _listed(alert.evidence, "transactions")],
        }
        for alert in rows.order_by("-last_hit_at", "-pk")
    ]


_VALUE, _THRESHOLD = "value", "threshold"


def figures_of(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an alert's evidence says in figures: `value` against `threshold` as a bar, the rest as facts."""
    facts = [
        {"name": str(name).replace("_", " "), "text": str(value)}
        for name, value in evidence.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    bar = _bar(evidence.get(_VALUE), evidence.get(_THRESHOLD))
    return [{"bar": bar}, *facts] if bar else facts


def _bar(value: Any, threshold: Any) -> dict[str, Any] | None:
    try:
        measured, limit = float(str(value).replace(",", "")), float(str(threshold).replace(",", ""))
    except ValueError:
        return None
    most = max(measured, limit)
    if most <= 0:
        return None
    return {"value": value, "threshold": threshold, "width": round(100 * measured / most, 1),
            "mark": round(100 * limit / most, 1), "over": measured >= limit}  # fmt: skip


def _listed(evidence: Mapping[str, Any], name: str) -> list[Any]:
    found = evidence.get(name)
    return found[:20] if isinstance(found, list) else []


def decisions_of(case: Case) -> list[Any]:
    """Decisions, newest first, each with what took it back."""
    return list(case.decisions.select_related("decided_by", "checked_by", "reversed_by", "reverses").order_by("-pk"))


def checklist_of(case: Case) -> list[dict[str, Any]]:
    """Each point, and who ticked it."""
    return [{**point, "done": case.checklist.get(point["code"])} for point in case.blueprint.checklist]


def _links(case: Any) -> list[dict[str, Any]]:
    found = []
    for row in case.link_rows:
        other, code = (row["b"], row["code_b"]) if row["a"] == case.pk else (row["a"], row["code_a"])
        found.append({"id": other, "reference": f"{code.upper()}-{other}", "why": row["why"]})
    return found


def _transactions(case: Case, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the ledger, to choose from."""
    rows = transactions_of(case.player_id)
    with contextlib.suppress(ValueError):
        rows = rows.filter(pk__lt=UUID(asked.get("p", "")))
    shown = list(rows[: _TRANSACTIONS_SHOWN + 1])
    return {
        "transactions": movements(case.player_id, shown[:_TRANSACTIONS_SHOWN]),
        "older_transactions": shown[_TRANSACTIONS_SHOWN - 1].pk if len(shown) > _TRANSACTIONS_SHOWN else None,
    }
