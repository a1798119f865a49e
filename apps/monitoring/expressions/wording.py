"""A tree in words, for people who read rules and never write them."""

from dataclasses import dataclass
from typing import Any

from apps.monitoring.expressions.operators import OPERATORS
from apps.monitoring.expressions.parsing import Node
from apps.monitoring.expressions.registry import AGGREGATES, EVENT_FIELDS, FACTS, METRICS, PLAYER_FIELDS, WINDOW_UNITS
from apps.monitoring.expressions.values import shown

_WINDOW_WORDS = {"local_day": "this day", "local_month": "this month"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a tree: how deep, what it says, what it is called."""

    depth: int
    text: str
    key: str = ""


def lines_of(node: Node, depth: int = 0) -> list[Line]:
    """The tree as indented lines: `all` and `any` open a block, everything else is one line."""
    if node.op in ("all", "any"):
        head = "All of these hold:" if node.op == "all" else "Any of these holds:"
        return [Line(depth, head), *(line for each in node.args for line in lines_of(each, depth + 1))]
    return [Line(depth, words_of(node), node.key)]


def words_of(node: Node) -> str:
    """One node as a phrase."""
    if node.op == "literal":
        return shown(node.value) if node.value is not None else ""
    if node.op in _LEAVES:
        return str(_LEAVES[node.op](node))
    told = [words_of(each) for each in node.args]
    return OPERATORS[node.op].words.replace("{*}", ", ".join(told)).format(*told)


def _metric(node: Node) -> str:
    options = node.options
    what = AGGREGATES[options["of"]].title.format(METRICS[options["metric"]].title)
    window = _WINDOW_WORDS.get(options.get("window", ""), "")
    for unit in WINDOW_UNITS:
        if unit in options:
            window = f"in {words_of(options[unit])} {unit}"
    ago = f", ending {words_of(options['ago_days'])} days ago" if "ago_days" in options else ""
    exact = ", to the second" if options["exact"] else ""
    return f"{what} {window}{ago}{exact}"


def _fact(node: Node) -> str:
    told = {name: words_of(each) for name, each in node.options["with"].items()}
    title = FACTS[node.options["fact"]].title
    for name, text in told.items():
        title = title.replace("{" + name + "}", text)
    return title


_LEAVES: dict[str, Any] = {
    "metric": _metric,
    "fact": _fact,
    "event": lambda node: EVENT_FIELDS[node.key.removeprefix("event.")].title,
    "player": lambda node: PLAYER_FIELDS[node.key.removeprefix("player.")].title,
    "param": lambda node: f"[{node.key.removeprefix('param.')}]",
    "list": lambda node: f"the list “{node.key.removeprefix('list.')}”",
    "rules": lambda node: (
        f"any of {', '.join(node.options['rules'])} at {words_of(node.options['factor'])} times its figures"
    ),
}
