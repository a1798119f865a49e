"""From evaluations to stored decisions and alerts, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.compliance.alerts import RaisedAlert
from apps.monitoring.engine import Evaluation
from apps.monitoring.evidence import contributions_to
from apps.monitoring.ladder import take_steps
from apps.monitoring.models import Decision, RuleState
from apps.monitoring.raising import AlertTerms, is_quiet, raise_alert, state_of

_TALLY = """
INSERT INTO monitoring_ruletally AS t (version_id, day, evaluations, hits, unknowns, alerts, suppressed, microseconds)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                     %s::bigint[])
ON CONFLICT (version_id, day) DO UPDATE
   SET evaluations = t.evaluations + excluded.evaluations, hits = t.hits + excluded.hits,
       unknowns = t.unknowns + excluded.unknowns, alerts = t.alerts + excluded.alerts,
       suppressed = t.suppressed + excluded.suppressed, microseconds = t.microseconds + excluded.microseconds
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """One evaluation, and the row and alert it led to (if it did)."""

    evaluation: Evaluation
    decision: Decision | None
    raised: RaisedAlert | None
    suppressed: str = ""


def dedupe_key(evaluation: Evaluation) -> str:
    """One alert a rule and player; or a rule, player and instrument, where the rule says so."""
    key = f"{evaluation.rule.code}:{evaluation.point.person.id}"
    instrument = evaluation.point.event.get("instrument")
    if evaluation.rule.definition.data.get("per") == "instrument" and instrument:
        key = f"{key}:{str(instrument)[:80]}"
    return key


def decide(
    evaluations: Sequence[Evaluation], *, now: datetime, call_id: UUID | None = None, keeps_passes: bool = False
) -> list[Decided]:
    """
    Store what was decided and raise the alerts that follow, players in id order; count every evaluation.

    In the caller's transaction, so a hold and its alert are made together or not at all.

    :param keeps_passes: store evaluations without a hit too (the gate does)
    """
    ordered = sorted(evaluations, key=lambda each: (each.point.person.id, each.point.at, each.rule.code))
    decided = [_decided(each, now=now, call_id=call_id, keeps_passes=keeps_passes) for each in ordered]
    count(decided, day=now.date())
    return decided


def _decided(evaluation: Evaluation, *, now: datetime, call_id: UUID | None, keeps_passes: bool) -> Decided:
    if evaluation.result == "pass":
        row = _row(evaluation, now=now, call_id=call_id) if keeps_passes else None
        if row is not None:
            row.save(force_insert=True)
        return Decided(evaluation, row, None)
    if evaluation.rule.is_shadow:
        row = _row(evaluation, now=now, call_id=call_id)
        row.suppressed = "shadow"
        row.save(force_insert=True)
        return Decided(evaluation, row, None, "shadow")
    return _hit(evaluation, now=now, call_id=call_id)


def _hit(evaluation: Evaluation, *, now: datetime, call_id: UUID | None) -> Decided:
    """Store a hit (or an unknown) of a live rule, and raise its alert unless it is to be quiet."""
    rule, point = evaluation.rule, evaluation.point
    key = dedupe_key(evaluation)
    state = state_of(rule_id=rule.code, player_id=point.person.id, dedupe_key=key, at=point.at)
    row = _row(evaluation, now=now, call_id=call_id)
    row.contributions = contributions_to(evaluation)
    row.suppressed = _quiet_because(evaluation, state)
    raised = None
    if not row.suppressed:
        raised = raise_alert(_terms(evaluation, row, key), now=now)
        row.alert_id, row.case_id, row.is_new_alert = raised.alert_id, raised.case_id, raised.is_new
        row.suppressed = raised.suppressed
        _remember_alert(state, evaluation, raised)
    state.hits += 1
    state.suppressed += bool(row.suppressed)
    state.last_hit_at = max(state.last_hit_at, point.at)
    row.save(force_insert=True)
    state.save(
        update_fields=["hits", "suppressed", "last_hit_at", "alerted_at", "alerted_magnitude", "alert_id", "told_at"]
    )
    if raised is not None and raised.is_new:
        _follow_up(evaluation, row, now=now)
    return Decided(evaluation, row, raised, row.suppressed)


def _quiet_because(evaluation: Evaluation, state: RuleState) -> str:
    if evaluation.outcome in ("none", "observe"):
        return "observe"
    if evaluation.outcome in ("hold", "block"):
        return ""  # what is held needs an open alert that explains it
    quiet = is_quiet(
        state, magnitude=evaluation.magnitude, cooldown_days=evaluation.rule.definition.cooldown_days,
        at=evaluation.point.at,
    )  # fmt: skip
    return "cool-down" if quiet else ""


def _remember_alert(state: RuleState, evaluation: Evaluation, raised: RaisedAlert) -> None:
    state.told_at, state.alert_id = evaluation.point.at, raised.alert_id
    sizes = [each for each in (state.alerted_magnitude, evaluation.magnitude) if each is not None]
    if raised.is_new or state.alerted_at is None:
        state.alerted_at, state.alerted_magnitude = evaluation.point.at, evaluation.magnitude
    elif not raised.suppressed:
        state.alerted_magnitude = max(sizes, default=None)


def _follow_up(evaluation: Evaluation, row: Decision, *, now: datetime) -> None:
    """A new alert of harm starts the steps of its class."""
    data = evaluation.rule.definition.data
    if evaluation.rule.definition.family == "harm" and evaluation.result == "hit":
        harm_class = int(data.get("harm_class", 1))
        take_steps(row, harm_class=harm_class, sla_minutes=data.get("sla_minutes"), now=now)


def _row(evaluation: Evaluation, *, now: datetime, call_id: UUID | None) -> Decision:
    point, rule = evaluation.point, evaluation.rule
    return Decision(
        version_id=rule.version_id,
        rule_id=rule.code,
        player_id=point.person.id,
        mode=point.mode,
        is_shadow=rule.is_shadow,
        purpose=point.trigger,
        subject=point.subject[:80],
        call_id=call_id,
        at=point.at,
        decided_at=now,
        result=evaluation.result,
        outcome=evaluation.outcome,
        dedupe_key=dedupe_key(evaluation),
        magnitude=evaluation.magnitude,
        inputs=evaluation.stored_inputs,
        params=dict(evaluation.params),
        policy_versions=dict(evaluation.policies),
        lists=dict(evaluation.lists),
        risk_band=point.person.risk_band,
        trace=dict(evaluation.trace),
        explanation=evaluation.explanation if evaluation.result != "pass" else "",
        latency_us=evaluation.latency_us,
    )


def _terms(evaluation: Evaluation, row: Decision, key: str) -> AlertTerms:
    rule = evaluation.rule
    evidence: dict[str, Any] = {
        "inputs": row.inputs,
        "params": row.params,
        "contributions": row.contributions,
        "trigger": row.purpose,
        "subject": row.subject,
        "harm_class": rule.definition.data.get("harm_class"),
        "sla_minutes": rule.definition.data.get("sla_minutes"),
    }
    return AlertTerms(
        player_id=row.player_id,
        rule_id=rule.code,
        rule_version=f"v{rule.number}",
        blueprint=rule.definition.blueprint,
        severity=rule.definition.severity,
        title=rule.definition.title,
        explanation=row.explanation,
        dedupe_key=key,
        magnitude=evaluation.magnitude,
        evidence={name: value for name, value in evidence.items() if value is not None},
        policy_version_id=next(iter(evaluation.policies.values()), None),
    )


def count(decided: Sequence[Decided], *, day: date) -> None:
    """Add evaluations to the day's tallies, one statement for all versions."""
    tallies: dict[int, list[int]] = {}
    for each in decided:
        tally = tallies.setdefault(each.evaluation.rule.version_id, [0] * 6)
        result = each.evaluation.result
        changes = (1, result == "hit", result == "unknown", each.raised is not None, bool(each.suppressed))
        for number, change in enumerate((*changes, each.evaluation.latency_us)):
            tally[number] += int(change)
    if not tallies:
        return
    columns = [list(column) for column in zip(*(tallies[key] for key in sorted(tallies)), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_TALLY, [sorted(tallies), [day] * len(tallies), *columns])


def known_state(*, player_id: int) -> list[RuleState]:
    """What rules have said about a player, last hit first."""
    return list(RuleState.objects.filter(player_id=player_id).select_related("rule").order_by("-last_hit_at"))
