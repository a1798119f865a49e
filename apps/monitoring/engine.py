"""Evaluates versions of rules at points: parameters, inputs, outcome, latency, explanation. Writes nothing."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from apps.monitoring import facts  # noqa: F401 - importing them registers them
from apps.monitoring.definitions import OUTCOMES, Definition, read_definition
from apps.monitoring.explaining import filled
from apps.monitoring.expressions.evaluation import Evaluated, StoredContext, evaluate
from apps.monitoring.expressions.parsing import Node
from apps.monitoring.expressions.registry import FACTS
from apps.monitoring.expressions.values import ABSENT, Unknown, Value, as_json, from_json
from apps.monitoring.legal import legal_params
from apps.monitoring.metrics import MetricReader, spec_of
from apps.monitoring.models import Decision, RuleVersion
from apps.monitoring.points import Point
from apps.monitoring.reference import converted, list_named, list_of_version

_METHOD_GROUPS = (
    ("prepaid", "voucher"), ("voucher", "voucher"), ("card", "card"), ("visa", "card"), ("master", "card"),
    ("bank", "bank"), ("sepa", "bank"), ("trustly", "bank"), ("crypto", "crypto"), ("btc", "crypto"),
)  # fmt: skip
_AMOUNTS = {"amount": "units", "deposit_amount": "deposit_units"}


@dataclass(frozen=True)
class RunningRule:
    """A version that runs, ready to be evaluated."""

    version_id: int
    number: int
    is_shadow: bool
    definition: Definition

    @property
    def code(self) -> str:
        """The rule's id."""
        return self.definition.code


@lru_cache(maxsize=1024)
def _ready(version_id: int, number: int, content_hash: str, is_shadow: bool) -> RunningRule:  # noqa: ARG001, FBT001 - a cache's key
    row = RuleVersion.objects.only("definition").get(pk=version_id)
    return RunningRule(version_id, number, is_shadow, read_definition(row.definition))


def running_rules() -> list[RunningRule]:
    """Every version that is live or runs in shadow, by code. Parsed once a process and content."""
    rows = (
        RuleVersion.objects.filter(state__in=("live", "shadow"))
        .order_by("rule_id", "state")
        .values_list("pk", "number", "content_hash", "state")
    )
    return [_ready(pk, number, digest, state == "shadow") for pk, number, digest, state in rows]


def made_ready(version: RuleVersion) -> RunningRule:
    """One version, whatever its state: for back-tests and for deciding again."""
    return RunningRule(version.pk, version.number, version.state == "shadow", read_definition(version.definition))


@dataclass
class Evaluation:
    """What one version said at one point."""

    rule: RunningRule
    point: Point
    value: Value
    outcome: str
    params: Mapping[str, Any]
    inputs: Mapping[str, Value]
    lists: Mapping[str, int]
    trace: Mapping[str, Any]
    latency_us: int
    policies: Mapping[str, int] = field(default_factory=dict)
    """Versions of the policies that set parameters, by policy."""

    @property
    def result(self) -> str:
        """hit, pass or unknown."""
        return "unknown" if isinstance(self.value, Unknown) else "hit" if self.value else "pass"

    @property
    def currency(self) -> str:
        """What its amounts are in."""
        return self.rule.definition.currency_of(self.params)

    @property
    def magnitude(self) -> Decimal | None:
        """How large the hit is, where the rule says which value tells."""
        value = self.inputs.get(self.rule.definition.magnitude)
        return value if isinstance(value, Decimal) and value.is_finite() else None

    @property
    def explanation(self) -> str:
        """The hit in plain words, or what could not be read."""
        if isinstance(self.value, Unknown):
            return f"{self.rule.definition.title}: could not be judged, {self.value.reason}."
        values: dict[str, Value] = {name: from_json(value) for name, value in self.params.items()}
        return filled(self.rule.definition.explanation, values | dict(self.inputs), currency=self.currency)

    @property
    def stored_inputs(self) -> dict[str, Any]:
        """The inputs as a decision keeps them; lists by version instead of by content."""
        return {name: as_json(value) for name, value in self.inputs.items() if not name.startswith("list.")}


@dataclass
class Engine:
    """Evaluates many rules over many points; what one rule has read, the next does not read again."""

    others: Mapping[str, RunningRule] = field(default_factory=dict)
    """Live rules by code, for rules that refer to others."""
    reader: MetricReader = field(default_factory=MetricReader)

    def evaluated(
        self, rule: RunningRule, point: Point, batch: Sequence[Point] = (), *, outcome: str = ""
    ) -> Evaluation:
        """
        Evaluate one rule at one point.

        :param batch: points at which the same rule is asked; what it reads is read for all of them
        :param outcome: of a hit, where it is not the rule's own (the gate has one for each purpose)
        """
        began = time.perf_counter_ns()
        context = _Reading(self, rule.definition, point, batch)
        done = evaluate(rule.definition.node, context)
        follows = self._outcome(rule.definition, done, context, outcome or rule.definition.outcome)
        return Evaluation(
            rule, point, done.value, follows, context.params, done.inputs, context.lists, done.trace,
            (time.perf_counter_ns() - began) // 1000, context.policies,
        )  # fmt: skip

    def _outcome(self, definition: Definition, done: Evaluated, context: "_Reading", outcome: str) -> str:
        if isinstance(done.value, Unknown):
            return definition.on_unknown
        if not done.value:
            return "none"
        escalate = definition.data.get("escalate")
        if escalate and definition.escalation is not None:
            further = evaluate(definition.escalation, context)
            done.inputs.update(further.inputs)
            if further.value is True:
                return strongest((outcome, str(escalate["outcome"])))
        return outcome


def strongest(outcomes: Iterable[str]) -> str:
    """The strongest of several outcomes."""
    return max(outcomes, key=OUTCOMES.index, default="none")


class _Reading:
    """Where the leaves of one rule at one point get their values from."""

    def __init__(
        self, engine: Engine, definition: Definition, point: Point, batch: Sequence[Point], factor: Decimal = Decimal(1)
    ) -> None:
        self._engine, self._definition, self._point, self._batch = engine, definition, point, batch
        person = point.person
        self.params = definition.params_for(jurisdiction=person.jurisdiction, risk=person.risk_band, age=point.age)
        legal, self.policies = legal_params(definition, point, self.params)
        self.params |= legal
        if factor != 1:
            for name in definition.data.get("scalable", ()):
                self.params[name] = float(Decimal(str(self.params[name])) * factor)
        self.currency = definition.currency_of(self.params)
        self.lists: dict[str, int] = {}

    def param(self, name: str) -> Value:
        """As it applies to this player."""
        return from_json(self.params[name])

    def leaf(self, node: Node, options: Mapping[str, Any]) -> Value:  # noqa: PLR0911 - one a kind of leaf
        """Read one leaf."""
        match node.op:
            case "metric":
                return self._engine.reader.read(spec_of(options, self.currency), self._point, self._batch)
            case "fact":
                return FACTS[options["fact"]].read(self._point, {**options["with"], "currency": self.currency})
            case "event":
                return self._event(node.key.removeprefix("event."), is_optional=options["optional"])
            case "player":
                return self._player(node.key.removeprefix("player."))
            case "list":
                return self._list(node.key.removeprefix("list."))
            case "rules":
                return self._others(options)
        return Unknown(f"no way to read {node.op}")

    def _event(self, name: str, *, is_optional: bool) -> Value:
        event = self._point.event
        stored = event.get(_AMOUNTS.get(name, name))
        if name == "method_group" and stored is None:
            stored = group_of(str(event.get("method") or ""))
        if name == "deposit_amount" and "deposit_units" not in event:
            return Decimal(0)  # no deposit is being made
        if stored is None:
            # Asked for and not found out is unknown, even where the field may be missing.
            if name in event:
                return Unknown(f"{name} was asked for and not found")
            return ABSENT if is_optional else Unknown(f"the event has no {name}")
        if name in _AMOUNTS:
            return converted(stored, event.get("currency", ""), self.currency, self._point.at.date())
        try:
            return from_json(stored)
        except ValueError:
            return Unknown(f"{name} is no value")

    def _player(self, name: str) -> Value:
        person = self._point.person
        match name:
            case "age":
                return Decimal(self._point.age)
            case "country":
                return person.country
            case "jurisdiction":
                return person.jurisdiction
        return Decimal((self._point.at - person.registered_at) // timedelta(days=1))

    def _list(self, name: str) -> Value:
        known = list_named(name)
        if known is None:
            return Unknown(f"no list {name}")
        self.lists[name] = known[0]
        return known[1]

    def _others(self, options: Mapping[str, Any]) -> Value:
        factor = Decimal(str(options["factor"]))
        hits = []
        for code in options["rules"]:
            other = self._engine.others.get(code)
            if other is None:
                continue
            context = _Reading(self._engine, other.definition, self._point, self._batch, factor)
            if not _may_be_asked(other.definition, self._point):
                continue
            if evaluate(other.definition.node, context).value is True:
                hits.append(code)
        return tuple(hits)


def group_of(method: str) -> str | None:
    """What kind of method a provider's method is; None where none is told."""
    return next((group for part, group in _METHOD_GROUPS if part in method.lower()), "other" if method else None)


def _may_be_asked(definition: Definition, point: Point) -> bool:
    person = point.person
    fits = definition.concerns(
        jurisdiction=person.jurisdiction, brand=person.brand, risk=person.risk_band, age=point.age
    )
    return fits and (point.trigger in definition.triggers or point.mode == "nightly")


def asked_at(rule: RunningRule, point: Point) -> bool:
    """Whether a rule is asked at a point of the stream."""
    person = point.person
    return point.trigger in rule.definition.triggers and rule.definition.concerns(
        jurisdiction=person.jurisdiction, brand=person.brand, risk=person.risk_band, age=point.age
    )


def decided_again(decision: Decision) -> Value:
    """
    Make a stored decision again, from its row and nothing else.

    :raises ValueError: for a decision without a version (an error of the gate)
    """
    if decision.version is None:
        raise ValueError("an error of the gate has nothing to decide again")
    definition = read_definition(decision.version.definition)
    inputs = {name: from_json(value) for name, value in decision.inputs.items()}
    inputs |= {f"list.{name}": list_of_version(name, number) for name, number in decision.lists.items()}
    params = {name: from_json(value) for name, value in decision.params.items()}
    return evaluate(definition.node, StoredContext(inputs=inputs, params=params)).value
