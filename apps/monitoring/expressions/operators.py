"""What the rule language can do with values: one table of operators, each typed, each a pure function."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import cast

from apps.monitoring.expressions.values import ABSENT, INFINITE, Absent, Kind, Unknown, Value

NUMBER, TEXT, TRUTH, LIST = Kind.NUMBER, Kind.TEXT, Kind.TRUTH, Kind.LIST
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `takes` are the kinds of its arguments; `more` allows any number of the last kind."""

    takes: tuple[frozenset[Kind], ...]
    gives: Kind
    apply: Callable[[Sequence[Value]], Value]
    words: str
    """How it reads: `{0}` and `{1}` are its arguments, `{*}` all of them."""
    more: bool = False
    lazy: bool = False
    """Evaluates its arguments itself, cheap ones first, and stops early: `all` and `any`."""
    sees_absent: bool = False
    """Its arguments may be absent; otherwise an absent one makes a comparison false and a number absent."""


def _of(*kinds: Kind) -> frozenset[Kind]:
    return frozenset(kinds)


def _comparison(test: Callable[[Decimal, Decimal], bool], words: str) -> Operator:
    def apply(values: Sequence[Value]) -> Value:
        left, right = cast("list[Decimal]", list(values))
        return test(left, right)

    return Operator((_of(NUMBER), _of(NUMBER)), TRUTH, apply, words)


def _numbers(values: Sequence[Value]) -> list[Decimal]:
    return cast("list[Decimal]", list(values))


def _ratio(values: Sequence[Value]) -> Value:
    above, below = _numbers(values)
    if below == 0:
        return INFINITE if above > 0 else Decimal(0)
    return above / below


def _between(values: Sequence[Value]) -> Value:
    value, low, high = _numbers(values)
    return low <= value <= high


def _is_in(values: Sequence[Value]) -> Value:
    value, entries = values
    return str(value).casefold() in {each.casefold() for each in cast("tuple[str, ...]", entries)}


def _any_in(values: Sequence[Value]) -> Value:
    *given, entries = values
    known = {each.casefold() for each in cast("tuple[str, ...]", entries)}
    return any(str(each).casefold() in known for each in given if not isinstance(each, Absent))


def _mismatches(values: Sequence[Value]) -> Value:
    first, *others = values
    if isinstance(first, Absent):
        return Decimal(0)
    told = [each for each in others if not isinstance(each, Absent)]
    return Decimal(sum(str(each).casefold() != str(first).casefold() for each in told))


def _similarity(values: Sequence[Value]) -> Value:
    left, right = (_folded(str(each)) for each in values)
    if not left or not right:
        return ABSENT
    return Decimal(str(round(max(_alike(left, right), _alike(left, right[::-1])), 4)))


def _folded(name: str) -> list[str]:
    """Words of a name without accents, case and punctuation, in order of the alphabet."""
    plain = unicodedata.normalize("NFKD", name[:_LONGEST_NAME])
    kept = "".join(" " if not each.isalnum() else each for each in plain if not unicodedata.combining(each))
    return sorted(kept.casefold().split())


def _alike(left: list[str], right: list[str]) -> float:
    """1 for the same words in any order; a missing middle name costs little, another surname much."""
    fewer, more = sorted((left, right), key=len)
    paired = [max(SequenceMatcher(None, word, other).ratio() for other in more) for word in fewer]
    whole = SequenceMatcher(None, " ".join(left), " ".join(right)).ratio()
    return max(whole, min(paired) if len(fewer) > 1 else 0.0)


OPERATORS: dict[str, Operator] = {
    "all": Operator((_of(TRUTH),), TRUTH, lambda _: ABSENT, "all of: {*}", more=True, lazy=True),
    "any": Operator((_of(TRUTH),), TRUTH, lambda _: ABSENT, "any of: {*}", more=True, lazy=True),
    "not": Operator((_of(TRUTH),), TRUTH, lambda v: not v[0], "not ({0})"),
    "ge": _comparison(lambda a, b: a >= b, "{0} is at least {1}"),
    "gt": _comparison(lambda a, b: a > b, "{0} is more than {1}"),
    "le": _comparison(lambda a, b: a <= b, "{0} is at most {1}"),
    "lt": _comparison(lambda a, b: a < b, "{0} is less than {1}"),
    "eq": _comparison(lambda a, b: a == b, "{0} is {1}"),
    "is": Operator(
        (_of(TEXT), _of(TEXT)), TRUTH, lambda v: str(v[0]).casefold() == str(v[1]).casefold(), "{0} is {1}"
    ),
    "between": Operator((_of(NUMBER),) * 3, TRUTH, _between, "{0} lies from {1} to {2}"),
    "in": Operator((_of(TEXT), _of(LIST)), TRUTH, _is_in, "{0} is in {1}"),
    "any_in": Operator(
        (_of(TEXT, LIST),), TRUTH, _any_in, "any of {*}", more=True, sees_absent=True
    ),
    "present": Operator(
        (_of(NUMBER, TEXT),), TRUTH, lambda v: not isinstance(v[0], Absent), "{0} is known", sees_absent=True
    ),
    "some": Operator((_of(LIST),), TRUTH, lambda v: bool(v[0]), "there are any of {0}"),
    "mismatches": Operator(
        (_of(TEXT),), NUMBER, _mismatches, "how many of {*} differ from the first", more=True, sees_absent=True
    ),
    "similarity": Operator((_of(TEXT), _of(TEXT)), NUMBER, _similarity, "likeness of {0} and {1}"),
    "add": Operator((_of(NUMBER),), NUMBER, lambda v: sum(_numbers(v), Decimal(0)), "sum of {*}", more=True),
    "sub": Operator((_of(NUMBER), _of(NUMBER)), NUMBER, lambda v: _numbers(v)[0] - _numbers(v)[1], "{0} less {1}"),
    "mul": Operator((_of(NUMBER), _of(NUMBER)), NUMBER, lambda v: _numbers(v)[0] * _numbers(v)[1], "{0} × {1}"),
    "ratio": Operator((_of(NUMBER), _of(NUMBER)), NUMBER, _ratio, "{0} ÷ {1}"),
    "max": Operator((_of(NUMBER),), NUMBER, lambda v: max(_numbers(v)), "largest of {*}", more=True),
}  # fmt: skip


def applied(operator: Operator, values: Sequence[Value]) -> Value:
    """Apply an operator; what is unknown stays unknown, what is absent makes a comparison false."""
    unknown = next((each for each in values if isinstance(each, Unknown)), None)
    if unknown is not None:
        return unknown
    if not operator.sees_absent and any(isinstance(each, Absent) for each in values):
        return False if operator.gives is Kind.TRUTH else ABSENT
    return operator.apply(values)
