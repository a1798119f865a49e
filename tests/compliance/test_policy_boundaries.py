"""Both sides of every boundary of every value in force, parametrised from the matrix; the coverage is documented."""

import pytest

from apps.compliance.models import PolicyVersion
from apps.compliance.policies import PolicyBook, book_of, policy
from apps.compliance.policy_file import FileValue, read_matrix
from apps.compliance.policy_loading import terms_of_file
from casino_platform.runtime.servers import PROJECT_DIR
from tests.compliance.boundaries import ALWAYS, BEGIN, END, Boundary, boundaries, table
from tests.factories.policies import load_matrix

MATRIX = read_matrix()
EDGES = list(boundaries(MATRIX))
DOCUMENT = PROJECT_DIR / "docs" / "compliance-coverage.md"


def version_of(number: int, value: FileValue) -> PolicyVersion:
    terms = terms_of_file(value)
    return PolicyVersion(
        pk=number,
        jurisdiction_id=terms.jurisdiction,
        parameter_id=terms.parameter,
        value=terms.value,
        valid_from=terms.valid_from,
        valid_to=terms.valid_to,
        confidence=terms.confidence,
        note=terms.note,
    )


NUMBERS = {(value.jurisdiction, value.parameter): number for number, value in enumerate(MATRIX.values, 1)}
BOOK: PolicyBook = book_of(
    version_of(NUMBERS[value.jurisdiction, value.parameter], value) for value in MATRIX.values if value.is_in_force
)


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_both_sides_of_a_boundary(edge: Boundary) -> None:
    value = edge.value
    number = NUMBERS[value.jurisdiction, value.parameter]

    (on, age), (off, other_age) = edge.inside, edge.outside
    inside = BOOK.answer(value.parameter, jurisdiction=value.jurisdiction, on=on, age=age, brand_id=None)
    outside = BOOK.answer(value.parameter, jurisdiction=value.jurisdiction, on=off, age=other_age, brand_id=None)

    assert (inside.version_id, inside.jurisdiction, inside.confidence) == (number, value.jurisdiction, value.confidence)
    if edge.kind == "no bound":
        assert outside.version_id == number
        assert inside.value == outside.value == value.value
    elif edge.item is None:
        assert outside.version_id != number
        assert outside.jurisdiction != value.jurisdiction or outside.value is None
    elif other_bands(edge):
        assert edge.item in inside.value
        assert edge.item not in outside.value
    else:
        # Nobody of that age has a band of his own: he gets every band's, and the strictest of them counts.
        assert edge.item in inside.value
        assert set(map(str, outside.value)) > set(map(str, inside.value))


def other_bands(edge: Boundary) -> bool:
    """Whether the outer side has an item of its own, or is a question of days."""
    if edge.kind in ("first day", "last day"):
        return True
    age = edge.outside[1]
    assert age is not None
    others = [item for item in edge.value.value if item is not edge.item]
    return any(item.get("age_min", 0) <= age <= item.get("age_max", 200) for item in others)


def test_every_value_in_force_has_a_boundary_test() -> None:
    tested = {(edge.value.jurisdiction, edge.value.parameter) for edge in EDGES}

    assert tested == {(value.jurisdiction, value.parameter) for value in MATRIX.values if value.is_in_force}
    assert len(MATRIX.values) == 157
    assert len(tested) == 110


def test_the_documented_coverage_is_that_of_these_tests() -> None:
    text = DOCUMENT.read_text()

    documented = text.split(BEGIN)[1].split(END)[0].strip()

    assert documented == "\n".join(table()), "python -m tests.compliance.boundaries prints it anew"


@pytest.mark.django_db
def test_the_database_answers_every_question_as_the_file_does() -> None:
    load_matrix()
    days = sorted({day for edge in EDGES for day, _ in (edge.inside, edge.outside)} - set(ALWAYS))
    published = {(row.jurisdiction_id, row.parameter_id): row.pk for row in PolicyVersion.objects.all()}

    asked = 0
    for parameter in MATRIX.parameters:
        for place in MATRIX.places:
            for day in days:
                file = BOOK.answer(parameter.code, jurisdiction=place.code, on=day, age=24, brand_id=None)
                found = policy(parameter.code, jurisdiction=place.code, on=day, age=24)
                assert found.value == file.value
                assert found.jurisdiction == file.jurisdiction
                expected = published[file.jurisdiction, parameter.code] if file.version_id else None
                assert found.version_id == expected
                asked += 1
    assert asked == len(MATRIX.parameters) * len(MATRIX.places) * len(days) > 5000
