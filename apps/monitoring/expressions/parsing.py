"""From data to a typed tree. Everything that is wrong with an expression is found here, before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.monitoring.expressions.operators import OPERATORS
from apps.monitoring.expressions.registry import (
    AGGREGATES,
    EVENT_FIELDS,
    FACTS,
    METRICS,
    PLAYER_FIELDS,
    WINDOW_UNITS,
    WINDOWS,
    Unit,
)
from apps.monitoring.expressions.values import Kind, Value

_DEEPEST = 12
_MOST_NODES = 200
_METRIC_WORDS = {"metric", "as", "of", "exact", "window", "ago_days", "baseline_days", *WINDOW_UNITS}
_LEAF_COST = {"literal": 0, "param": 0, "event": 1, "player": 1, "list": 1, "metric": 3, "rules": 50}


class ExpressionNotSound(ValueError):
    """The expression means nothing: an unknown word, a wrong type, a missing label."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'when'}: {problem}")
        self.path = path
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the tree. `key` is what its value is called in traces, fixtures and explanations (leaves only)."""

    op: str
    kind: Kind
    cost: int
    path: str
    args: tuple["Node", ...] = ()
    key: str = ""
    value: Value | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    unit: Unit = "text"


@dataclass
class _Scope:
    """What the expression may refer to, and what it has named so far."""

    params: Mapping[str, Any]
    labels: dict[str, str]
    nodes: int = 0


def parse(data: Any, *, params: Mapping[str, Any]) -> Node:
    """
    Read an expression.

    :param params: the rule's parameters with their defaults; a rule may use these and no others
    :raises ExpressionNotSound: with the place and what is wrong there
    """
    node = _node(data, _Scope(params, {}), "", 0)
    if node.kind is not Kind.TRUTH:
        raise ExpressionNotSound("", f"a rule is true or false, this is a {node.kind}")
    return node


def _node(data: Any, scope: _Scope, path: str, depth: int) -> Node:
    scope.nodes += 1
    if depth > _DEEPEST or scope.nodes > _MOST_NODES:
        raise ExpressionNotSound(path, f"deeper than {_DEEPEST} or larger than {_MOST_NODES} nodes")
    match data:
        case bool():
            return Node("literal", Kind.TRUTH, 0, path, value=data)
        case int() | float():
            return Node("literal", Kind.NUMBER, 0, path, value=Decimal(str(data)))
        case str():
            return Node("literal", Kind.TEXT, 0, path, value=data)
        case list():
            if not all(isinstance(each, str) for each in data):
                raise ExpressionNotSound(path, "a list holds texts")
            return Node("literal", Kind.LIST, 0, path, value=tuple(data))
        case dict():
            return _branch(data, scope, path, depth)
    raise ExpressionNotSound(path, f"{type(data).__name__} is no node")


def _branch(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:
    for word, read in (
        ("metric", _metric),
        ("fact", _fact),
        ("event", _event),
        ("player", _player),
        ("param", _param),
        ("list", _list),
        ("rules", _rules),
    ):
        if word in data:
            return read(data, scope, path, depth)
    if len(data) != 1:
        raise ExpressionNotSound(path, f"one operator a node, not {sorted(data)}")
    (op, given) = next(iter(data.items()))
    if op not in OPERATORS:
        raise ExpressionNotSound(path, f"no such operator: {op}")
    return _operator(op, given, scope, path, depth)


def _operator(op: str, given: Any, scope: _Scope, path: str, depth: int) -> Node:
    operator = OPERATORS[op]
    listed = given if isinstance(given, list) else [given]
    here = f"{path}/{op}"
    args = tuple(_node(each, scope, f"{here}[{number}]", depth + 1) for number, each in enumerate(listed))
    fewest = len(operator.takes)
    if len(args) < fewest or (len(args) > fewest and not operator.more):
        raise ExpressionNotSound(here, f"takes {fewest}{' or more' if operator.more else ''}, not {len(args)}")
    for number, arg in enumerate(args):
        wanted = operator.takes[min(number, fewest - 1)]
        if arg.kind not in wanted:
            raise ExpressionNotSound(arg.path, f"wants a {' or '.join(sorted(wanted))}, this is a {arg.kind}")
    if op == "any_in" and (args[-1].kind is not Kind.LIST or any(each.kind is Kind.LIST for each in args[:-1])):
        raise ExpressionNotSound(here, "texts first, then one list")
    if operator.lazy:
        args = tuple(sorted(args, key=lambda each: each.cost))  # cheap ones first; equal ones keep their order
    return Node(op, operator.gives, 1 + sum(each.cost for each in args), here, args)


def _label(data: dict[str, Any], scope: _Scope, path: str) -> str:
    label = data.get("as")
    if not isinstance(label, str) or not label.isidentifier():
        raise ExpressionNotSound(path, "needs a name of its own: as: some_name")
    if label in scope.params:
        raise ExpressionNotSound(path, f"{label} is the name of a parameter")
    if scope.labels.setdefault(label, path) != path:
        raise ExpressionNotSound(path, f"{label} is taken by {scope.labels[label]}")
    return label


def _only(data: dict[str, Any], words: set[str], path: str) -> None:
    if unknown := set(data) - words:
        raise ExpressionNotSound(path, f"does not understand {sorted(unknown)}")


def _metric(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:  # noqa: C901 - a list of demands
    _only(data, _METRIC_WORDS, path)
    metric = METRICS.get(data["metric"])
    if metric is None:
        raise ExpressionNotSound(path, f"no such metric: {data['metric']}")
    aggregate = AGGREGATES.get(data.get("of", "sum"))
    if aggregate is None:
        raise ExpressionNotSound(path, f"no such aggregate: {data['of']}")
    windows = [word for word in (*WINDOW_UNITS, "window") if word in data]
    if len(windows) != 1:
        raise ExpressionNotSound(path, "needs one window: days, hours, minutes, or window: local_day | local_month")
    if "window" in data and data["window"] not in WINDOWS:
        raise ExpressionNotSound(path, f"no such window: {data['window']}")
    if (aggregate.needs_slots or "minutes" in data) and not metric.has_slots:
        raise ExpressionNotSound(path, f"{data['metric']} is not counted in slots of five minutes")
    if data.get("exact") and (metric.source != "ledger" or data.get("of", "sum") not in ("sum", "count")):
        raise ExpressionNotSound(path, "exact sums and counts come from the ledger only")
    if data.get("of") == "deviation" and "baseline_days" not in data:
        raise ExpressionNotSound(path, "a deviation needs baseline_days")
    options: dict[str, Any] = {"metric": data["metric"], "of": data.get("of", "sum"), "exact": bool(data.get("exact"))}
    for word in (*WINDOW_UNITS, "ago_days", "baseline_days"):
        if word in data:
            options[word] = _number(data[word], scope, f"{path}/{word}", depth)
    if "window" in data:
        options["window"] = data["window"]
    cost = _LEAF_COST["metric"] + (1 if options["exact"] else 0)
    unit = aggregate.unit(metric)
    return Node("metric", Kind.NUMBER, cost, path, key=_label(data, scope, path), options=options, unit=unit)


def _number(data: Any, scope: _Scope, path: str, depth: int) -> Node:
    node = _node(data, scope, path, depth + 1)
    if node.kind is not Kind.NUMBER or node.cost > 1:
        raise ExpressionNotSound(path, "wants a number or a parameter")
    return node


def _fact(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:
    _only(data, {"fact", "as", "with"}, path)
    word = FACTS.get(data["fact"])
    if word is None:
        raise ExpressionNotSound(path, f"no such fact: {data['fact']}")
    given = data.get("with", {})
    if set(given) != word.arguments:
        raise ExpressionNotSound(path, f"{data['fact']} takes {sorted(word.arguments)}, not {sorted(given)}")
    arguments: dict[str, Any] = {
        name: _node(each, scope, f"{path}/{name}", depth + 1) for name, each in sorted(given.items())
    }
    for name, each in arguments.items():
        if each.cost > 1:
            raise ExpressionNotSound(f"{path}/{name}", "wants a constant or a parameter")
    options = {"fact": data["fact"], "with": arguments}
    label = _label(data, scope, path)
    return Node("fact", word.kind, word.cost, path, key=label, options=options, unit=word.unit)


def _event(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:  # noqa: ARG001 - one signature for all
    _only(data, {"event", "optional"}, path)
    field = EVENT_FIELDS.get(data["event"])
    if field is None:
        raise ExpressionNotSound(path, f"no such field of an event: {data['event']}")
    options = {"optional": bool(data.get("optional"))}
    return Node("event", field.kind, 1, path, key=f"event.{data['event']}", options=options, unit=field.unit)


def _player(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:  # noqa: ARG001 - likewise
    _only(data, {"player"}, path)
    field = PLAYER_FIELDS.get(data["player"])
    if field is None:
        raise ExpressionNotSound(path, f"no such field of a player: {data['player']}")
    return Node("player", field.kind, 1, path, key=f"player.{data['player']}", unit=field.unit)


def _param(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:  # noqa: ARG001 - likewise
    _only(data, {"param"}, path)
    name = data["param"]
    if name not in scope.params:
        raise ExpressionNotSound(path, f"no such parameter: {name}")
    kind = kind_of_param(scope.params[name])
    if kind is None:
        raise ExpressionNotSound(path, f"parameter {name} is no number, text or list")
    return Node("param", kind, 0, path, key=f"param.{name}")


def kind_of_param(value: Any) -> Kind | None:
    """The kind of a parameter by its default value."""
    match value:
        case bool():
            return Kind.TRUTH
        case int() | float():
            return Kind.NUMBER
        case str():
            return Kind.TEXT
        case list():
            return Kind.LIST
    return None


def _list(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:  # noqa: ARG001 - likewise
    _only(data, {"list"}, path)
    if not isinstance(data["list"], str):
        raise ExpressionNotSound(path, "names one list")
    return Node("list", Kind.LIST, 1, path, key=f"list.{data['list']}")


def _rules(data: dict[str, Any], scope: _Scope, path: str, depth: int) -> Node:
    _only(data, {"rules", "as", "factor"}, path)
    if not isinstance(data["rules"], list) or not data["rules"]:
        raise ExpressionNotSound(path, "names rules by their codes")
    options = {
        "rules": tuple(str(each) for each in data["rules"]),
        "factor": _number(data.get("factor", 1), scope, f"{path}/factor", depth),
    }
    cost = _LEAF_COST["rules"]
    return Node("rules", Kind.LIST, cost, path, key=_label(data, scope, path), options=options, unit="text")


def leaves(node: Node) -> list[Node]:
    """Every leaf that has a name, cheap ones first."""
    found = [node] if node.key else []
    for each in node.args:
        found += leaves(each)
    return sorted(found, key=lambda each: each.cost)
