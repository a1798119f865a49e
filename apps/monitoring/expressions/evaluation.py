"""Evaluates a tree over a context, and keeps what every node came to. Pure: all reading happens in the context."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from apps.monitoring.expressions.operators import OPERATORS, applied
from apps.monitoring.expressions.parsing import Node
from apps.monitoring.expressions.values import Unknown, Value, as_json


class Context(Protocol):
    """Where the leaves of a tree get their values from."""

    def param(self, name: str) -> Value:
        """A parameter of the rule, as it applies to this player."""
        ...

    def leaf(self, node: Node, options: Mapping[str, Any]) -> Value:
        """A metric, fact, field, list or other rules; `options` with their parameters filled in."""
        ...


@dataclass(slots=True)
class Evaluated:
    """What a tree came to: true, false or unknown; the values it read; every node."""

    value: Value
    inputs: dict[str, Value]
    trace: dict[str, Any]


@dataclass(slots=True)
class _Walk:
    context: Context
    inputs: dict[str, Value] = field(default_factory=dict)


def evaluate(node: Node, context: Context) -> Evaluated:
    """Evaluate a tree. Unknown inputs give an unknown result, unless the known ones settle it."""
    walk = _Walk(context)
    value, trace = _evaluate(node, walk)
    return Evaluated(value, walk.inputs, trace)


def _evaluate(node: Node, walk: _Walk) -> tuple[Value, dict[str, Any]]:
    if node.op == "literal":
        assert node.value is not None  # noqa: S101 - parsed so
        return node.value, {"op": "literal", "value": as_json(node.value)}
    if node.op == "param":
        value = walk.context.param(node.key.removeprefix("param."))
        return value, {"op": node.key, "value": as_json(value)}
    if node.key:
        if node.key not in walk.inputs:
            walk.inputs[node.key] = walk.context.leaf(node, _filled(node.options, walk))
        value = walk.inputs[node.key]
        return value, {"op": node.op, "key": node.key, "value": as_json(value)}
    if OPERATORS[node.op].lazy:
        return _lazily(node, walk)
    parts = [_evaluate(each, walk) for each in node.args]
    value = applied(OPERATORS[node.op], [each for each, _ in parts])
    return value, {"op": node.op, "value": as_json(value), "args": [trace for _, trace in parts]}


def _lazily(node: Node, walk: _Walk) -> tuple[Value, dict[str, Any]]:
    """`all` stops at the first false, `any` at the first true; what is unknown decides only if nothing else does."""
    settles = node.op == "any"
    unknown: Unknown | None = None
    traces = []
    for number, each in enumerate(node.args):
        value, trace = _evaluate(each, walk)
        traces.append(trace)
        if isinstance(value, Unknown):
            unknown = unknown or value
        elif bool(value) is settles:
            skipped = len(node.args) - number - 1
            return settles, {"op": node.op, "value": settles, "args": traces, "skipped": skipped}
    result: Value = unknown if unknown is not None else not settles
    return result, {"op": node.op, "value": as_json(result), "args": traces, "skipped": 0}


def _filled(options: Mapping[str, Any], walk: _Walk) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for name, given in options.items():
        if isinstance(given, Node):
            filled[name] = _plain(_evaluate(given, walk)[0])
        elif isinstance(given, Mapping):
            filled[name] = _filled(given, walk)
        else:
            filled[name] = given
    return filled


def _plain(value: Value) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


class StoredContext:
    """Evaluates again from what a decision or a fixture stored: nothing is read from anywhere else."""

    def __init__(
        self, *, inputs: Mapping[str, Value], params: Mapping[str, Value], missing: str = "not stored"
    ) -> None:
        self._inputs = inputs
        self._params = params
        self._missing = missing

    def param(self, name: str) -> Value:
        """As it was stored."""
        return self._params.get(name, Unknown(self._missing))

    def leaf(self, node: Node, options: Mapping[str, Any]) -> Value:  # noqa: ARG002 - the value was read with them then
        """As it was stored."""
        return self._inputs.get(node.key, Unknown(self._missing))
