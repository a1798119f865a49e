"""What the policy pages show: one jurisdiction's book on a day, or several side by side. No HTML, no permissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from apps.brands.models import Jurisdiction
from apps.compliance.models.policies import PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import PolicyAnswer, PolicyBook, book_of
from apps.compliance.policy_words import days_words, parameter_title, value_lines, value_words

_State = PolicyVersion.State


@dataclass(frozen=True, slots=True)
class Moment:
    """Which day is asked about, and with whose knowledge."""

    on: date
    known_at: datetime | None = None
    """Answer with what was published at that moment; None: with what is published now."""
    age: int | None = None
    brand_id: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter of one jurisdiction, ready to be read."""

    parameter: PolicyParameter
    answer: PolicyAnswer
    lines: list[str]
    days: str
    is_own: bool
    sources: list[PolicySource]
    version: PolicyVersion | None
    waiting: list[PolicyVersion]
    """Drafts and proposals: what would apply if two people agreed."""
    history: list[PolicyVersion]

    @property
    def title(self) -> str:
        """The name of its parameter."""
        return parameter_title(self.parameter.pk)

    @property
    def level(self) -> str:
        """The colour of its confidence."""
        return {"A": "good", "B": "info", "C": "warning"}.get(self.answer.confidence, "plain")


def published_at(moment: Moment) -> PolicyBook:
    """Return the book as it stood."""
    if moment.known_at is None:
        return book_of(PolicyVersion.objects.filter(state=_State.PUBLISHED))
    known = Q(published_at__lte=moment.known_at)
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=moment.known_at)
    return book_of(PolicyVersion.objects.filter(known & still))


def rows_of(code: str, moment: Moment) -> list[Row]:
    """Return every parameter of a jurisdiction: what applies, since when, says who, and how it came about."""
    book = published_at(moment)
    sources = {each.pk: each for each in PolicySource.objects.all()}
    versions = list(
        PolicyVersion.objects.filter(jurisdiction_id=code).select_related("maker", "checker", "brand").order_by("-pk")
    )
    by_id = {each.pk: each for each in versions}
    return [
        _row(parameter, code, moment, book, sources, by_id, [v for v in versions if v.parameter_id == parameter.pk])
        for parameter in PolicyParameter.objects.all()
    ]


def _row(
    parameter: PolicyParameter,
    code: str,
    moment: Moment,
    book: PolicyBook,
    sources: Mapping[str, PolicySource],
    by_id: Mapping[int, PolicyVersion],
    history: list[PolicyVersion],
) -> Row:
    answer = book.answer(parameter.pk, jurisdiction=code, on=moment.on, age=moment.age, brand_id=moment.brand_id)
    version = by_id.get(answer.version_id or 0)
    return Row(
        parameter=parameter,
        answer=answer,
        lines=lines_of(parameter, answer.value) if answer.version_id else [],
        days=days_words(version.valid_from, version.valid_to) if version else "",
        is_own=answer.jurisdiction == code and answer.version_id is not None,
        sources=[sources[key] for key in version.sources if key in sources] if version else [],
        version=version,
        waiting=[each for each in history if each.state in (_State.DRAFT, _State.PROPOSED)],
        history=history,
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One parameter of several jurisdictions."""

    parameter: PolicyParameter
    cells: list[tuple[PolicyAnswer, list[str], bool]]
    """For each jurisdiction: the answer, in words, and whether it is its own."""
    differs: bool

    @property
    def title(self) -> str:
        """The name of its parameter."""
        return parameter_title(self.parameter.pk)


def compare(codes: Sequence[str], moment: Moment) -> list[Compared]:
    """Put jurisdictions side by side."""
    book = published_at(moment)
    return [_compared(parameter, codes, moment, book) for parameter in PolicyParameter.objects.all()]


def _compared(parameter: PolicyParameter, codes: Sequence[str], moment: Moment, book: PolicyBook) -> Compared:
    answers = [
        book.answer(parameter.pk, jurisdiction=code, on=moment.on, age=moment.age, brand_id=moment.brand_id)
        for code in codes
    ]
    cells = [
        (
            answer,
            lines_of(parameter, answer.value) if answer.version_id else [],
            answer.version_id is not None and answer.jurisdiction == code,
        )
        for code, answer in zip(codes, answers, strict=True)
    ]
    return Compared(parameter, cells, any(answer.value != answers[0].value for answer in answers))


def lines_of(parameter: PolicyParameter, value: Any) -> list[str]:
    """Say a value of a parameter in words."""
    if isinstance(value, list | dict):
        return value_lines(value)
    return [value_words(value, value_type=parameter.value_type, unit=parameter.unit)]


@dataclass(frozen=True, slots=True)
class Place:
    """One jurisdiction on the overview."""

    jurisdiction: Jurisdiction
    in_force: int
    waiting: int
    proposed: int
    by_confidence: dict[str, int]


def places() -> list[Place]:
    """List jurisdictions with how much is modelled of each; two queries."""
    counted: dict[str, list[tuple[str, str]]] = {}
    for code, state, confidence in PolicyVersion.objects.values_list("jurisdiction_id", "state", "confidence"):
        counted.setdefault(code, []).append((state, confidence))
    found = []
    for jurisdiction in Jurisdiction.objects.all():
        rows = counted.get(jurisdiction.pk, [])
        live = [confidence for state, confidence in rows if state == _State.PUBLISHED]
        found.append(
            Place(
                jurisdiction,
                in_force=len(live),
                waiting=sum(state == _State.DRAFT for state, _ in rows),
                proposed=sum(state == _State.PROPOSED for state, _ in rows),
                by_confidence={each: live.count(each) for each in ("A", "B", "C")},
            )
        )
    return found
