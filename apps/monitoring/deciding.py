"""From evaluations to stored decisions and alerts, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.monitoring.engine import Evaluation
from apps.monitoring.evidence import contributions_to
from apps.monitoring.models import Decision, RuleState, Snooze
from apps.monitoring.raising import AlertTerms, Raised, kept_quiet, raise_alert, running_snoozes, state_of

_TALLY = """
INSERT INTO monitoring_ruletally AS t (version_id, day, evaluations, hits, unknowns, alerts, suppressed, microseconds)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
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
    raised: Raised | None
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
    rule, point = evaluation.rule, evaluation.point
    key = dedupe_key(evaluation)
    state = state_of(rule_id=rule.code, player_id=point.person.id, dedupe_key=key, at=point.at)
    quiet = ""
    if evaluation.outcome in ("none", "observe"):
        quiet = "observe"
    else:
        snoozes = running_snoozes(rule_id=rule.code, player_id=point.person.id)
        quiet = kept_quiet(
            state, magnitude=evaluation.magnitude, cooldown_days=rule.definition.cooldown_days, at=point.at,
            snoozes=snoozes,
        )  # fmt: skip
        _end_snoozes(snoozes, quiet, at=point.at)
        if quiet == "cool-down" and evaluation.outcome in ("hold", "block"):
            quiet = ""  # money is held only with an open alert that explains it
    state.hits += 1
    state.last_hit_at = max(state.last_hit_at, point.at)
    row = _row(evaluation, now=now, call_id=call_id)
    row.contributions = contributions_to(evaluation)
    raised = None
    if quiet:
        state.suppressed += 1
        row.suppressed = quiet
    else:
        raised = raise_alert(_terms(evaluation, row, key), now=now)
        row.alert_id, row.case_id, row.is_new_alert = raised.alert_id, raised.case_id, raised.is_new
        state.alerted_at, state.alerted_magnitude, state.alert_id = point.at, evaluation.magnitude, raised.alert_id
    row.save(force_insert=True)
    state.save(update_fields=["hits", "suppressed", "last_hit_at", "alerted_at", "alerted_magnitude", "alert_id"])
    return Decided(evaluation, row, raised, quiet)


def _end_snoozes(snoozes: Iterable[Snooze], quiet: str, *, at: datetime) -> None:
    """A snooze whose time is over, or that a larger hit has broken, ends."""
    for snooze in snoozes if quiet != "snooze" else ():
        snooze.ended_at = at
        snooze.ended_reason = "time" if snooze.until <= at else "a larger hit"
        snooze.save(update_fields=["ended_at", "ended_reason"])


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
