"""A rule's definition: from its data to typed terms, its parameters for one player, its content hash, its fixtures."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from apps.core.currencies import currency_spec
from apps.core.errors import DomainError
from apps.core.money import MoneyError
from apps.monitoring.explaining import names_in
from apps.monitoring.expressions.evaluation import StoredContext, evaluate
from apps.monitoring.expressions.parsing import ExpressionNotSound, Node, kind_of_param, leaves, parse
from apps.monitoring.expressions.registry import TRIGGERS
from apps.monitoring.expressions.values import Unknown, Value, from_json

FAMILIES = ("aml", "fraud", "harm")
SEVERITIES = ("low", "medium", "high", "critical")
OUTCOMES = ("none", "observe", "alert", "hold", "block")
"""Weakest first."""
PURPOSES = ("deposit", "withdrawal", "login", "instrument", "registration", "adjustment")
BANDS = ("low", "medium", "high")
LEAST_FIXTURES = 2
_MOST_FLOOR = 5
_WORDS = {
    "id", "name", "title", "family", "basis", "src", "severity", "weight", "floor", "on", "gate", "nightly",
    "population", "currency", "params", "overrides", "when", "outcome", "escalate", "on_unknown", "magnitude",
    "cooldown_days", "per", "explanation", "player_reason", "blueprint", "sla_minutes", "harm_class", "fixtures",
    "scalable", "owner", "evidence", "policies",
}  # fmt: skip
_POPULATION = {"jurisdictions", "brands", "risk", "min_age", "max_age"}


class DefinitionNotSound(DomainError):
    """A rule's definition contradicts itself, or uses words that do not exist. The detail says where and what."""

    code = "rule-not-sound"
    title = "The rule's definition is not sound"
    status = 422


@dataclass(frozen=True, slots=True)
class Fixture:
    """Inputs and what the rule must say about them."""

    name: str
    given: Mapping[str, Value]
    jurisdiction: str
    risk: str
    is_hit: bool
    params: Mapping[str, Any] = field(default_factory=dict)
    """Figures that this case was written for, where the rule's own have changed since."""


@dataclass(frozen=True)
class Definition:
    """A rule as it runs. Made by :func:`read_definition` only, so every one is sound."""

    data: Mapping[str, Any] = field(repr=False)
    node: Node = field(repr=False)
    escalation: Node | None = field(repr=False)

    @property
    def code(self) -> str:
        """The rule's id."""
        return str(self.data["id"])

    @property
    def title(self) -> str:
        """What it is called for people."""
        return str(self.data["title"])

    @property
    def family(self) -> str:
        """aml, fraud or harm."""
        return str(self.data["family"])

    @property
    def severity(self) -> str:
        """Low to critical."""
        return str(self.data.get("severity", "medium"))

    @property
    def triggers(self) -> frozenset[str]:
        """What sets it off in the stream."""
        return frozenset(self.data.get("on", ()))

    @property
    def gate(self) -> Mapping[str, str]:
        """Purposes at which the gate asks it, with the outcome of a hit there."""
        return dict(self.data.get("gate", {}))

    @property
    def is_nightly(self) -> bool:
        """Whether the nightly batch asks it for every active player."""
        return bool(self.data.get("nightly"))

    @property
    def outcome(self) -> str:
        """What a hit in the stream leads to."""
        return str(self.data.get("outcome", "alert"))

    @property
    def on_unknown(self) -> str:
        """What an unknown input leads to: alert or hold."""
        return str(self.data.get("on_unknown", "alert"))

    @property
    def cooldown_days(self) -> int:
        """How long a hit of the same size stays quiet after an alert."""
        return int(self.data.get("cooldown_days", 7))

    @property
    def blueprint(self) -> str:
        """The queue its alerts go to."""
        return str(self.data.get("blueprint", self.family))

    @property
    def weight(self) -> int:
        """Points a hit adds to the player's risk."""
        return int(self.data.get("weight", 10))

    @property
    def floor(self) -> int | None:
        """The least risk level after a hit."""
        given = self.data.get("floor")
        return None if given is None else int(given)

    @property
    def explanation(self) -> str:
        """The template for staff."""
        return str(self.data["explanation"])

    @property
    def player_reason(self) -> str:
        """What the player may be told; empty means nothing beyond a neutral sentence."""
        return str(self.data.get("player_reason", ""))

    @property
    def magnitude(self) -> str:
        """Name of the value that says how large a hit is; empty where size means nothing."""
        return str(self.data.get("magnitude", ""))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the definition in canonical JSON."""
        return content_hash(self.data)

    def currency_of(self, params: Mapping[str, Any]) -> str:
        """The currency its amounts are in; a parameter `currency` decides before the rule's own."""
        return str(params.get("currency") or self.data.get("currency") or "EUR")

    def params_for(
        self, *, jurisdiction: str, risk: str, age: int | None = None, defaults: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """
        The parameters as they apply: defaults, then every override that fits, the more special later.

        :param defaults: in place of the rule's own (a fixture's, written for other figures)
        """
        params = dict(self.data.get("params", {})) | dict(defaults or {})
        fitting = [each for each in self.data.get("overrides", ()) if _fits(each, jurisdiction, risk, age)]
        for each in sorted(fitting, key=_speciality):
            params |= each["params"]
        return params

    def concerns(self, *, jurisdiction: str, brand: str, risk: str, age: int | None) -> bool:
        """Whether a player belongs to the rule's population."""
        wanted = self.data.get("population", {})
        return (
            jurisdiction in wanted.get("jurisdictions", (jurisdiction,))
            and brand in wanted.get("brands", (brand,))
            and risk in wanted.get("risk", (risk,))
            and (age is None or wanted.get("min_age", 0) <= age <= wanted.get("max_age", 200))
        )

    @cached_property
    def fixtures(self) -> tuple[Fixture, ...]:
        """Hits and near misses."""
        given = self.data.get("fixtures", {})
        return tuple(
            _fixture(each, number, is_hit=is_hit)
            for kind, is_hit in (("hits", True), ("near_misses", False))
            for number, each in enumerate(given.get(kind, ()))
        )


def _check_policies(definition: Definition) -> None:
    params = set(definition.data.get("params", {}))
    for each in definition.data.get("policies", ()):
        if not {"parameter", "take"} <= set(each) <= {"parameter", "where", "take"} or not each["take"]:
            raise DefinitionNotSound(f"{definition.code}: a policy has parameter, take and perhaps where")
        if unknown := set(each["take"]) - params:
            raise DefinitionNotSound(f"{definition.code}: a policy sets {sorted(unknown)}, which are no parameters")


def _fits(override: Mapping[str, Any], jurisdiction: str, risk: str, age: int | None) -> bool:
    return (
        jurisdiction in override.get("jurisdictions", (jurisdiction,))
        and risk in override.get("risk", (risk,))
        and (age is None or override.get("min_age", 0) <= age <= override.get("max_age", 200))
        and not (age is None and ("min_age" in override or "max_age" in override))
    )


def _speciality(override: Mapping[str, Any]) -> int:
    return sum(
        weight
        for word, weight in (("risk", 1), ("jurisdictions", 2), ("min_age", 4), ("max_age", 4))
        if word in override
    )


def content_hash(data: Mapping[str, Any]) -> str:
    """SHA-256 of data in canonical JSON: sorted keys, no spaces."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_definition(data: Mapping[str, Any]) -> Definition:
    """
    Read and check a definition.

    :raises DefinitionNotSound: with the place and what is wrong
    """
    _check_words(data)
    params = data.get("params", {})
    try:
        node = parse(data["when"], params=params)
        escalate = data.get("escalate")
        escalation = parse(escalate["when"], params=params) if escalate else None
    except ExpressionNotSound as error:
        raise DefinitionNotSound(f"{data['id']}: {error}") from error
    except RecursionError as error:
        raise DefinitionNotSound(f"{data['id']}: nested too deep") from error
    definition = Definition(data, node, escalation)
    _check_params(definition)
    _check_names(definition)
    _check_policies(definition)
    return definition


def _check_words(data: Mapping[str, Any]) -> None:
    code = str(data.get("id", "?"))

    def demand(holds: bool, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise DefinitionNotSound(f"{code}: {problem}")

    missing = {"id", "name", "title", "family", "when", "explanation"} - set(data)
    demand(not missing, f"lacks {sorted(missing)}")
    demand(not (set(data) - _WORDS), f"does not understand {sorted(set(data) - _WORDS)}")
    demand(data["family"] in FAMILIES, f"family is one of {FAMILIES}")
    demand(data.get("severity", "medium") in SEVERITIES, f"severity is one of {SEVERITIES}")
    outcomes = [data.get("outcome", "alert"), *data.get("gate", {}).values()]
    demand(all(each in OUTCOMES for each in outcomes), f"an outcome is one of {OUTCOMES}")
    demand(data.get("on_unknown", "alert") in ("alert", "hold"), "on_unknown is alert or hold, never a silent pass")
    demand(set(data.get("gate", {})) <= set(PURPOSES), f"the gate is asked for {PURPOSES}")
    demand(set(data.get("on", ())) <= TRIGGERS, f"no such trigger: {sorted(set(data.get('on', ())) - TRIGGERS)}")
    demand(bool(data.get("on") or data.get("gate") or data.get("nightly")), "is never asked: on, gate or nightly")
    demand(set(data.get("population", {})) <= _POPULATION, f"a population is told by {sorted(_POPULATION)}")
    demand(data.get("per", "player") in ("player", "instrument"), "per is player or instrument")
    floor = data.get("floor")
    demand(floor is None or floor in range(1, _MOST_FLOOR + 1), "a floor is a level from 1 to 5")
    demand(0 <= data.get("weight", 10) <= 100, "a weight lies from 0 to 100")  # noqa: PLR2004 - the scale of the score
    escalate = data.get("escalate")
    demand(not escalate or set(escalate) == {"when", "outcome"}, "escalate has when and outcome")


def _check_params(definition: Definition) -> None:
    defaults = definition.data.get("params", {})
    for override in definition.data.get("overrides", ()):
        unknown = set(override.get("params", {})) - set(defaults)
        if unknown or not override.get("params"):
            raise DefinitionNotSound(f"{definition.code}: an override of no parameter: {sorted(unknown)}")
        for name, value in override["params"].items():
            if kind_of_param(value) is not kind_of_param(defaults[name]):
                raise DefinitionNotSound(f"{definition.code}: {name} is a {kind_of_param(defaults[name])}")
        for band in override.get("risk", ()):
            if band not in BANDS:
                raise DefinitionNotSound(f"{definition.code}: a risk band is one of {BANDS}")
    for params in ({}, *(each["params"] for each in definition.data.get("overrides", ()))):
        try:
            currency_spec(definition.currency_of(defaults | params))
        except MoneyError as error:
            raise DefinitionNotSound(f"{definition.code}: {error}") from error


def _check_names(definition: Definition) -> None:
    params = set(definition.data.get("params", {}))
    named = {each.key for each in leaves(definition.node)}
    known = named | params | {"window"}
    if unknown := names_in(definition.explanation) - known:
        raise DefinitionNotSound(f"{definition.code}: the explanation names {sorted(unknown)}, which nothing is called")
    if definition.magnitude and definition.magnitude not in named:
        raise DefinitionNotSound(f"{definition.code}: no value is called {definition.magnitude}")
    if unknown := set(definition.data.get("scalable", ())) - params:
        raise DefinitionNotSound(f"{definition.code}: no such parameters: {sorted(unknown)}")


def _fixture(data: Mapping[str, Any], number: int, *, is_hit: bool) -> Fixture:
    given = {str(name): from_json(value) for name, value in data.get("given", {}).items()}
    name = str(data.get("name") or f"{'hit' if is_hit else 'near miss'} {number + 1}")
    place, risk = str(data.get("jurisdiction", "MT")), str(data.get("risk", "medium"))
    return Fixture(name, given, place, risk, is_hit, dict(data.get("params", {})))


@dataclass(frozen=True, slots=True)
class FixtureResult:
    """What a rule said about one fixture."""

    fixture: Fixture
    value: Value
    trace: Mapping[str, Any]

    @property
    def is_right(self) -> bool:
        """Whether it is what the fixture demands; unknown is never right."""
        return self.value is self.fixture.is_hit


def run_fixtures(definition: Definition, *, lists: Mapping[str, tuple[str, ...]]) -> list[FixtureResult]:
    """
    Run all fixtures of a definition.

    :param lists: the lists in use, by name; a fixture may bring its own
    """
    found = []
    for fixture in definition.fixtures:
        inputs: dict[str, Value] = {f"list.{name}": entries for name, entries in lists.items()}
        inputs |= fixture.given
        age = fixture.given.get("player.age")
        params = definition.params_for(
            jurisdiction=fixture.jurisdiction, risk=fixture.risk, age=None if age is None else int(str(age)),
            defaults=fixture.params,
        )  # fmt: skip
        context = StoredContext(
            inputs=inputs,
            params={name: from_json(value) for name, value in params.items()},
            missing="the fixture does not say",
        )
        done = evaluate(definition.node, context)
        found.append(FixtureResult(fixture, done.value, done.trace))
    return found


def require_fixtures(definition: Definition, *, lists: Mapping[str, tuple[str, ...]]) -> None:
    """
    Demand enough fixtures, and that the rule says what they demand.

    :raises DefinitionNotSound: naming the fixtures that fail
    """
    hits = sum(each.is_hit for each in definition.fixtures)
    misses = len(definition.fixtures) - hits
    if min(hits, misses) < LEAST_FIXTURES:
        raise DefinitionNotSound(
            f"{definition.code}: {hits} hits and {misses} near misses, at least {LEAST_FIXTURES} of each are asked for"
        )
    wrong = [each for each in run_fixtures(definition, lists=lists) if not each.is_right]
    if wrong:
        told = "; ".join(f"{each.fixture.name} gave {_said(each.value)}" for each in wrong)
        raise DefinitionNotSound(f"{definition.code}: {told}")


def _said(value: Value) -> str:
    return f"unknown ({value.reason})" if isinstance(value, Unknown) else "a hit" if value else "no hit"
