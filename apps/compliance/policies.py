"""Which policy applies: the answer for a jurisdiction, a local day, an age and a brand. Changes are elsewhere."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apps.brands.models import Jurisdiction
from apps.compliance.models.policies import PolicyVersion
from apps.compliance.strictness import rule_of, strictest
from apps.players.models import Player
from apps.players.operations.registration import age_in_years

# How long a process may believe what another process has published or withdrawn since.
CACHE_SECONDS = 2.0
UNION = "EU"
# Where a rule of the Union applies unless the state has one of its own.
MEMBER_STATES = frozenset({"MT", "SE", "DE", "NL", "DK", "ES", "IT", "RO"})


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What applies, and which published version says so: every decision that uses it stores `version_id`."""

    parameter: str
    jurisdiction: str
    """Whose rule it is: another one's where the one asked for has none."""
    value: Any
    """None: no rule. A list holds only the items for that day and age."""
    version_id: int | None
    confidence: str
    valid_from: date | None
    note: str


@dataclass(frozen=True, slots=True)
class Published:
    """One published version, as the answer needs it."""

    pk: int
    jurisdiction: str
    parameter: str
    brand_id: int | None
    value: Any
    valid_from: date | None
    valid_to: date | None
    confidence: str
    note: str

    def covers(self, day: date) -> bool:
        """Whether it says something about that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(slots=True)
class PolicyBook:
    """A set of published versions, to be asked. Of two that speak about a day, the one published last decides."""

    by_question: dict[tuple[str, str], list[Published]] = field(default_factory=dict)
    """(jurisdiction, parameter) → versions, last published first."""
    by_parameter: dict[str, list[Published]] = field(default_factory=dict)
    zones: dict[str, ZoneInfo] = field(default_factory=dict)

    def national(self, parameter: str, jurisdiction: str, day: date) -> Published | None:
        """What the jurisdiction itself says."""
        rows = self.by_question.get((jurisdiction, parameter), ())
        return next((row for row in rows if row.brand_id is None and row.covers(day)), None)

    def of_brand(self, parameter: str, jurisdiction: str, day: date, brand_id: int) -> Published | None:
        """What the brand set for itself there."""
        rows = self.by_question.get((jurisdiction, parameter), ())
        return next((row for row in rows if row.brand_id == brand_id and row.covers(day)), None)

    def law(self, parameter: str, jurisdiction: str, day: date) -> tuple[Published | None, str]:
        """What binds without any brand's rule, and a word on where it comes from."""
        own = self.national(parameter, jurisdiction, day)
        if own is not None:
            return own, own.note
        if jurisdiction in MEMBER_STATES and (union := self.national(parameter, UNION, day)) is not None:
            return union, "rule of the Union"
        rule = rule_of(parameter)
        if not rule.borrowed:
            return None, f"no value; not borrowed: {rule.why_not}"
        codes = sorted({row.jurisdiction for row in self.by_parameter.get(parameter, ())})
        modelled = [row for code in codes if (row := self.national(parameter, code, day)) is not None]
        if not modelled:
            return None, "no jurisdiction has a value in force"
        lent = strictest(parameter, modelled, lambda row: row.value)
        return lent, f"no value for {jurisdiction}: the strictest modelled one, of {lent.jurisdiction}"

    def answer(
        self, parameter: str, *, jurisdiction: str, on: date, age: int | None, brand_id: int | None
    ) -> PolicyAnswer:
        """Resolve: the brand's rule where it is stricter, else the law's."""
        binding, note = self.law(parameter, jurisdiction, on)
        own = None if brand_id is None else self.of_brand(parameter, jurisdiction, on, brand_id)
        # The law may have become stricter than the brand since.
        if own is not None and (binding is None or rule_of(parameter).covers(own.value, binding.value)):
            binding, note = own, f"stricter rule of the brand{': ' if own.note else ''}{own.note}"
        if binding is None:
            return PolicyAnswer(parameter, jurisdiction, None, None, "", None, note)
        return PolicyAnswer(
            parameter,
            binding.jurisdiction,
            items_for(binding.value, on, age),
            binding.pk,
            binding.confidence,
            binding.valid_from,
            note,
        )


def policy(
    parameter: str, *, jurisdiction: str, on: date, age: int | None = None, brand_id: int | None = None
) -> PolicyAnswer:
    """
    Say what applies: the published value in force, made stricter by the brand where it did so.

    A jurisdiction without a value gets the rule of the Union, or else the strictest modelled one where the parameter
    can be borrowed (`strictness.RULES`). Costs no query for `CACHE_SECONDS` after the last.

    :param on: the day, local to the jurisdiction (:func:`local_day`)
    :param age: in years on that day; None leaves the items of every age band in
    """
    return _book().answer(parameter, jurisdiction=jurisdiction, on=on, age=age, brand_id=brand_id)


def policy_for(parameter: str, *, player: Player, now: datetime) -> PolicyAnswer:
    """Say what applies to a player at this moment: his jurisdiction and its local day, his age, his brand."""
    day = local_day(player.jurisdiction_id, now)
    return policy(
        parameter,
        jurisdiction=player.jurisdiction_id,
        on=day,
        age=age_in_years(player.birth_date, day),
        brand_id=player.brand_id,
    )


def local_day(jurisdiction: str, now: datetime) -> date:
    """Return the day it is in a jurisdiction; in UTC for one that does not exist."""
    zone = _book().zones.get(jurisdiction)
    return (now.astimezone(zone) if zone else now).date()


def items_for(value: Any, day: date, age: int | None) -> Any:
    """
    Return the items of a list that speak about that day and age; other values as they are.

    An age for which no band has an item gets those of every band: whoever enforces takes the strictest.
    """
    if not isinstance(value, list):
        return value
    of_day = [item for item in value if _is_of_day(item, day)]
    if age is None:
        return of_day
    of_age = [item for item in of_day if _is_of_age(item, age)]
    return of_age or of_day


def book_of(versions: Iterable[PolicyVersion]) -> PolicyBook:
    """Make a book of these versions, whatever their state: the pages ask what applied, or would apply."""
    ordered = sorted(versions, key=lambda each: (each.published_at is None, each.published_at, each.pk))
    return _made_of([Published(each.pk, *(getattr(each, name) for name in _FIELDS)) for each in ordered])


def forget_policies() -> None:
    """Read the published policies anew at the next question."""
    global _cached_until  # noqa: PLW0603 - a per-process cache
    _cached_until = float("-inf")


_FIELDS = (
    "jurisdiction_id",
    "parameter_id",
    "brand_id",
    "value",
    "valid_from",
    "valid_to",
    "confidence",
    "note",
)
_cached_book = PolicyBook()
_cached_until = float("-inf")


def _book() -> PolicyBook:
    global _cached_book, _cached_until  # noqa: PLW0603 - a per-process cache
    at = time.monotonic()
    if at >= _cached_until:
        _cached_book = _read()
        _cached_until = at + CACHE_SECONDS
    return _cached_book


def _read() -> PolicyBook:
    rows = PolicyVersion.objects.filter(state=PolicyVersion.State.PUBLISHED).order_by("published_at", "pk")
    book = _made_of([Published(*row) for row in rows.values_list("pk", *_FIELDS)])
    book.zones = {code: ZoneInfo(zone) for code, zone in Jurisdiction.objects.values_list("code", "timezone")}
    return book


def _made_of(oldest_first: Sequence[Published]) -> PolicyBook:
    by_question: dict[tuple[str, str], list[Published]] = defaultdict(list)
    by_parameter: dict[str, list[Published]] = defaultdict(list)
    for row in reversed(oldest_first):
        by_question[row.jurisdiction, row.parameter].append(row)
        by_parameter[row.parameter].append(row)
    return PolicyBook(dict(by_question), dict(by_parameter))


def _is_of_day(item: Any, day: date) -> bool:
    if not isinstance(item, dict):
        return True
    begins, ends = item.get("from"), item.get("to")
    return (begins is None or date.fromisoformat(begins) <= day) and (ends is None or day <= date.fromisoformat(ends))


def _is_of_age(item: Any, age: int) -> bool:
    if not isinstance(item, dict):
        return True
    youngest, oldest = item.get("age_min"), item.get("age_max")
    return (youngest is None or youngest <= age) and (oldest is None or age <= oldest)
