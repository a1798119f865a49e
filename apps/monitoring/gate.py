"""The synchronous gate: asked inside deposits, withdrawals, log-ins. Milliseconds, from indexed reads only."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from prometheus_client import Counter as PrometheusCounter
from prometheus_client import Histogram

from apps.core.ids import uuid7
from apps.core.money import Money
from apps.monitoring.deciding import Decided, decide
from apps.monitoring.definitions import PURPOSES
from apps.monitoring.engine import Engine, RunningRule, running_rules, strongest
from apps.monitoring.expressions.operators import OPERATORS, applied
from apps.monitoring.expressions.values import Absent, as_json
from apps.monitoring.faults import report_fault
from apps.monitoring.models import DeadLetter, Decision, RiskKind, RiskState
from apps.monitoring.points import Point, person_of
from apps.monitoring.raising import AlertTerms, raise_alert
from apps.players.models import Player

log = structlog.get_logger(__name__)

NEUTRAL_REASON = "This can not be completed at the moment. We will let you know."
"""What a player is told when a rule has no safe sentence of its own: it says nothing about why (tipping off)."""
GATE_SECONDS = Histogram(
    "casino_monitoring_gate_seconds",
    "Time of one call of the monitoring gate",
    ["purpose"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
GATE_OUTCOMES = PrometheusCounter("casino_monitoring_gate", "Calls of the monitoring gate", ["purpose", "outcome"])
GATE_FAILURES = PrometheusCounter(
    "casino_monitoring_gate_failures", "Calls that the monitoring gate could not judge", ["purpose"]
)


class UnknownPurpose(ValueError):
    """The gate is asked about something it has no rules for: a fault of the caller's code."""


@dataclass(frozen=True, slots=True)
class GateDecision:
    """What the gate says. `reasons` are for staff only; the player is told `player_reason` and nothing else."""

    outcome: str
    """none, observe, alert, hold or block: the strongest of all rules that hit."""
    reasons: tuple[str, ...]
    player_reason: str
    alert_ids: tuple[int, ...]
    rules: tuple[str, ...]
    decision_ids: tuple[int, ...]
    call_id: UUID

    @property
    def passes(self) -> bool:
        """Whether the business may go on now."""
        return self.outcome not in ("hold", "block")


def gate(*, purpose: str, player: Player, facts: Mapping[str, Any], now: datetime) -> GateDecision:
    """
    Ask the rules of a purpose about what a player wants to do, in the caller's transaction.

    A hold is made in the transaction of its alert: the caller commits both, or neither. What is refused with an error
    must therefore not take the gate's answer back: call it before the block that the refusal rolls back.

    :param purpose: deposit, withdrawal, login, instrument, registration or adjustment
    :param facts: `money` (or `units` and `currency`), `method`, `instrument`, `instrument_age_hours`, `holder`,
        `ip_country`, `bin_country`, `document_country`, `device`, `screening_score`, `screening_topic`, `subject`;
        a key that is there with None was asked for and not found, which is unknown, not absent
    What goes wrong while it judges holds, and is told three times: in a metric, in an alert with its case for those who
    look after the player, and in a dead letter for those who look after the rules.

    :raises UnknownPurpose: for any other purpose
    """
    if purpose not in PURPOSES:
        raise UnknownPurpose(purpose)
    began = time.perf_counter()
    call_id = uuid7()
    try:
        with transaction.atomic():
            decision = _asked(purpose, player, facts, now=now, call_id=call_id)
    except Exception as error:
        log.exception("gate_failed", purpose=purpose, player=player.pk)
        GATE_FAILURES.labels(purpose=purpose).inc()
        decision = _failed(purpose, player, error, now=now, call_id=call_id)
    GATE_SECONDS.labels(purpose=purpose).observe(time.perf_counter() - began)
    GATE_OUTCOMES.labels(purpose=purpose, outcome=decision.outcome).inc()
    return decision


def _asked(purpose: str, player: Player, facts: Mapping[str, Any], *, now: datetime, call_id: UUID) -> GateDecision:
    level = RiskState.objects.filter(player_id=player.pk, kind=RiskKind.AML).values_list("level", flat=True).first()
    point = Point(
        person_of(player, level=level), now, purpose, event_of(purpose, player, facts),
        str(facts.get("subject", ""))[:80], mode=Decision.Mode.GATE,
    )  # fmt: skip
    running = running_rules()
    engine = Engine(others={rule.code: rule for rule in running if not rule.is_shadow})
    asked = [rule for rule in running if concerns(rule, point)]
    evaluations = [engine.evaluated(rule, point, outcome=rule.definition.gate[purpose]) for rule in asked]
    return _combined(decide(evaluations, now=now, call_id=call_id, keeps_passes=True), call_id)


def concerns(rule: RunningRule, point: Point) -> bool:
    """Whether the gate asks a rule at a point."""
    person, definition = point.person, rule.definition
    return point.trigger in definition.gate and definition.concerns(
        jurisdiction=person.jurisdiction, brand=person.brand, risk=person.risk_band, age=point.age
    )


def event_of(purpose: str, player: Player, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The event as rules may read it. A holder's name becomes a likeness here: names are not kept with decisions."""
    event = {name: value for name, value in facts.items() if name not in ("money", "holder", "subject")}
    money = facts.get("money")
    if isinstance(money, Money):
        event |= {"units": money.units, "currency": money.currency}
    if purpose == "deposit":
        event["deposit_units"] = event.get("units")
    if facts.get("holder"):
        name = f"{player.first_name} {player.last_name}"
        likeness = applied(OPERATORS["similarity"], [str(facts["holder"]), name])
        event["holder_match"] = None if isinstance(likeness, Absent) else as_json(likeness)
    event["purpose"] = purpose
    return event


def _combined(decided: Sequence[Decided], call_id: UUID) -> GateDecision:
    """The strongest outcome wins; every rule that contributed is listed."""
    counted = [
        each for each in decided if each.evaluation.result != "pass" and each.suppressed not in ("shadow", "snooze")
    ]
    outcome = strongest(each.evaluation.outcome for each in counted)
    ordered = sorted(counted, key=lambda each: each.evaluation.outcome != outcome)
    reason = next((each.evaluation.rule.definition.player_reason for each in ordered), "")
    refused = outcome in ("hold", "block")
    return GateDecision(
        outcome=outcome,
        reasons=tuple(f"{each.evaluation.rule.code}: {each.evaluation.explanation}" for each in ordered),
        player_reason=(reason or NEUTRAL_REASON) if refused else "",
        alert_ids=tuple(each.raised.alert_id for each in ordered if each.raised),
        rules=tuple(each.evaluation.rule.code for each in ordered),
        decision_ids=tuple(each.decision.pk for each in decided if each.decision is not None),
        call_id=call_id,
    )


def _is_silenced(decided: Decided) -> bool:
    """Shadow has no say; nor has a rule that a reviewed decision has silenced (a snooze, or an alert just closed)."""
    return decided.suppressed == "shadow" or (decided.raised is not None and bool(decided.raised.suppressed))


def _failed(purpose: str, player: Player, error: Exception, *, now: datetime, call_id: UUID) -> GateDecision:
    """Hold, with an alert that says so, and a letter that says why."""
    told = f"The monitoring gate could not judge this {purpose}. It is held until somebody has looked."
    row = Decision(
        player_id=player.pk, mode=Decision.Mode.GATE, purpose=purpose, call_id=call_id, at=now, decided_at=now,
        result=Decision.Result.ERROR, outcome=Decision.Outcome.HOLD, dedupe_key=f"gate:{player.pk}", risk_band="",
        explanation=told, latency_us=0,
    )  # fmt: skip
    terms = AlertTerms(
        player_id=player.pk, rule_id="", rule_version="", blueprint="aml", severity="high",
        title="Monitoring could not judge a request", explanation=told, dedupe_key=f"gate:{player.pk}", magnitude=None,
        evidence={"purpose": purpose, "call": str(call_id)},
    )  # fmt: skip
    raised = raise_alert(terms, now=now)
    row.alert_id, row.case_id, row.is_new_alert = raised.alert_id, raised.case_id, raised.is_new
    row.save(force_insert=True)
    report_fault(
        DeadLetter.Stage.GATE, purpose=purpose, player_id=player.pk, error=f"{type(error).__name__}: {error}", now=now
    )
    return GateDecision("hold", (told,), NEUTRAL_REASON, (raised.alert_id,), (), (row.pk,), call_id)
