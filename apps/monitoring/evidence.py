"""The transactions and events that made a rule's value: pinned to the decision as they were."""

from datetime import timedelta
from typing import Any

from apps.monitoring.engine import Evaluation
from apps.monitoring.expressions.parsing import leaves
from apps.monitoring.metrics import span_of, spec_of
from apps.monitoring.models import Counter, Observation

MOST_SHOWN = 50
_DEFAULT_WINDOW = timedelta(days=30)


def contributions_to(evaluation: Evaluation) -> list[dict[str, Any]]:
    """
    The events behind a hit, newest first, at most fifty.

    Those the rule names (`evidence`), else those its metrics count. Play is told by its five minutes, not bet by bet.
    """
    start, kinds = _window_and_kinds(evaluation)
    point = evaluation.point
    rows = Observation.objects.filter(
        player_id=point.person.id, kind__in=kinds, at__gt=start, at__lte=point.at
    ).order_by("-at", "-id")[:MOST_SHOWN]
    found = [
        {
            "kind": row.kind,
            "at": row.at.isoformat(),
            "units": row.units,
            "currency": row.currency,
            "subject": row.subject,
            "source": row.source,
        }
        for row in rows
    ]
    if not found and "play" in kinds | {point.trigger}:
        found = _play(evaluation, start)
    if point.subject and all(each["subject"] != point.subject for each in found):
        own = {
            "kind": point.trigger, "at": point.at.isoformat(), "units": point.event.get("units"),
            "currency": point.event.get("currency", ""), "subject": point.subject, "source": "event",
        }  # fmt: skip
        found.insert(0, own)
    return found


def _window_and_kinds(evaluation: Evaluation) -> tuple[Any, set[str]]:
    kinds = set(evaluation.rule.definition.data.get("evidence", ()))
    start = evaluation.point.at - _DEFAULT_WINDOW
    for node in leaves(evaluation.rule.definition.node):
        if node.op != "metric":
            continue
        plain = {name: _plain(value, evaluation) for name, value in node.options.items()}
        start = min(start, span_of(spec_of(plain, evaluation.currency), evaluation.point)[0])
        metric = node.options["metric"]
        if not evaluation.rule.definition.data.get("evidence"):
            kinds.add("play" if metric in ("stake", "win") else metric)
    if not kinds:
        kinds = set(evaluation.rule.definition.triggers)
    return start, kinds


def _plain(value: Any, evaluation: Evaluation) -> Any:
    """An option's number: a constant, or a parameter as it applied."""
    if not hasattr(value, "op"):
        return value
    if value.op == "param":
        return evaluation.params[value.key.removeprefix("param.")]
    return value.value if value.op == "literal" else 0


def _play(evaluation: Evaluation, start: Any) -> list[dict[str, Any]]:
    point = evaluation.point
    rows = Counter.objects.filter(
        player_id=point.person.id, metric="stake", span="s", bucket_start__gt=start, bucket_start__lte=point.at
    ).order_by("-bucket_start")[:MOST_SHOWN]
    return [
        {
            "kind": "play",
            "at": row.bucket_start.isoformat(),
            "units": row.total,
            "currency": row.currency,
            "subject": f"{row.times} bets",
            "source": "counter",
        }
        for row in rows
    ]
