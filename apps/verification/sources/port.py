"""What a source of lists is: asked about one person, it names the entries he may be, and why."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from apps.verification.matching.names import THRESHOLD, compare_names


@dataclass(frozen=True, slots=True)
class Question:
    """The person who is asked about."""

    name: str
    birth_date: str
    """YYYY-MM-DD."""
    countries: tuple[str, ...]
    """ISO 3166-1 alpha-2."""
    player_id: int | None = None
    """For the exchange log, not for the source."""

    @property
    def digest(self) -> str:
        """Of everything that is compared: another one means that the player's data have changed."""
        return _digest([self.name, self.birth_date, sorted(self.countries)])


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed person, as a source describes him."""

    dataset: str
    entity_id: str
    names: tuple[str, ...]
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Of everything that is compared or decides: another one means that the listing has changed."""
        return _digest([self.names, self.birth_dates, self.countries, self.topics])

    @property
    def is_sanction(self) -> bool:
        """Whether dealing with him is forbidden; otherwise he is exposed, or of interest."""
        return any(topic == "sanction" or topic.startswith("sanction.") for topic in self.topics)

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a hit."""
        return {
            "names": list(self.names),
            "birth_dates": list(self.birth_dates),
            "countries": list(self.countries),
            "topics": list(self.topics),
            "details": self.details,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that the person may be, judged."""

    entry: Entry
    score: float
    """Of the names alone, 0 to 1."""
    corroboration: int
    """Fields that agree, less those that contradict."""
    explanation: tuple[str, ...]

    @property
    def rank(self) -> float:
        """What to look at first. Never the score alone: many wrong pairs of names score 1.0."""
        return round(self.score + 0.15 * self.corroboration + (0.1 if self.entry.is_sanction else 0.0), 4)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a source said."""

    candidates: tuple[Candidate, ...]
    list_changed_at: datetime | None
    is_complete: bool
    """Whether everything was asked: what is not named then is no hit any more."""


class ScreeningSource(Protocol):
    """One source. It changes nothing; it may call a server, so no transaction may be open."""

    @property
    def name(self) -> str:
        """`local`, or the slug of its integration."""
        ...

    def ask(self, question: Question, *, excluded: Sequence[str] = (), changed_since: datetime | None = None) -> Reply:
        """
        Name the entries that the person may be.

        :param excluded: ids of entries that people have cleared for this person
        :param changed_since: only entries that have changed since; then `excluded` is left out, so that a cleared entry
            that has changed is seen
        :raises VendorUnreachable, VendorTimeout, VendorSwitchedOff: it could not be asked
        """
        ...


def judge(question: Question, entry: Entry) -> Candidate | None:
    """
    Compare a person with an entry: the best of the names, then what else agrees or contradicts. None: not him.

    Deterministic, in words. A birth date that contradicts outweighs all but an exact name.
    """
    best = max(
        ((compare_names(question.name, name), name) for name in entry.names),
        key=lambda each: each[0].score,
        default=None,
    )
    if best is None or best[0].score < THRESHOLD:
        return None
    match, name = best
    born, born_why = _birth_dates(question.birth_date, entry.birth_dates)
    lives, lives_why = _countries(question.countries, entry.countries)
    if born < 0 and match.score < _CERTAIN_NAME:
        return None
    said = (f"Name {match.score:.0%} like “{name}”: {match.explanation}", born_why, lives_why)
    return Candidate(entry, match.score, born + lives, said)


_CERTAIN_NAME = 0.97
_YEAR = 4


def _birth_dates(ours: str, theirs: Sequence[str]) -> tuple[int, str]:
    if not ours or not theirs:
        return 0, "Birth date: the list has none" if ours else "Birth date: not known of the player"
    if any(len(each) > _YEAR and ours.startswith(each) for each in theirs):
        return 2, f"Birth date: {ours} agrees"
    year = int(ours[:_YEAR])
    listed = [int(each[:_YEAR]) for each in theirs if each[:_YEAR].isdigit()]
    if any(each == year for each in listed):
        exact = all(len(each) == _YEAR for each in theirs)
        return 1, f"Birth year: {year} agrees" + ("" if exact else f", the day does not ({', '.join(theirs)})")
    if any(abs(each - year) <= 1 for each in listed):
        return 0, f"Birth year: {year}, listed {', '.join(theirs)}: close"
    return -2, f"Birth date: {ours} contradicts {', '.join(theirs)}"


def _countries(ours: Sequence[str], theirs: Sequence[str]) -> tuple[int, str]:
    if not theirs:
        return 0, "Country: the list has none"
    shared = sorted(set(ours) & set(theirs))
    if shared:
        return 1, f"Country: {', '.join(shared)} agrees"
    # People move: another country is no contradiction.
    return 0, f"Country: {', '.join(ours) or 'unknown'}, listed {', '.join(theirs)}"


def _digest(value: Any) -> str:
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()
