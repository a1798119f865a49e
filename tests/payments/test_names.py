"""Names of people, as banks write them."""

import pytest

from apps.payments.names import ALIKE, DIFFERENT, name_score


@pytest.mark.parametrize(
    ("holder", "first", "last"),
    [
        ("Maren Salo", "Maren", "Salo"),
        ("SALO MAREN", "Maren", "Salo"),
        ("Salo, Maren Kristiina", "Maren", "Salo"),
        ("M. Salo", "Maren", "Salo"),
        ("Dr. Björn Ekström", "Bjorn", "Ekstrom"),
        ("MUELLER JUERGEN", "Jürgen", "Müller"),
        ("Jürgen Müller", "Juergen", "Mueller"),
        ("Soren Kjaer", "Søren", "Kjær"),
        ("Anna Maria Garcia Lopez", "Ana", "García López"),
        ("STRAUSS JOSEF", "Josef", "Strauß"),
        ("Łukasz Wiśniewski", "Lukasz", "Wisniewski"),
        ("O’Brien Sean", "Seán", "O'Brien"),
    ],
)
def test_one_person(holder: str, first: str, last: str) -> None:
    score = name_score(holder, first, last)
    assert score is not None
    assert score >= ALIKE, score


@pytest.mark.parametrize(
    ("holder", "first", "last"),
    [
        ("Pekka Virtanen", "Maren", "Salo"),
        ("Aurora Gaming Ltd", "Maren", "Salo"),
        ("Kim Lee", "Maren", "Salo"),
        ("X", "Maren", "Salo"),
    ],
)
def test_two_people(holder: str, first: str, last: str) -> None:
    score = name_score(holder, first, last)
    assert score is not None
    assert score < DIFFERENT, score


@pytest.mark.parametrize(
    ("holder", "first", "last"), [("Pekka Salo", "Maren", "Salo"), ("Maren Virta", "Maren", "Salo")]
)
def test_half_a_name_is_no_match(holder: str, first: str, last: str) -> None:
    score = name_score(holder, first, last)
    assert score is not None
    assert score < ALIKE, score


@pytest.mark.parametrize(
    ("holder", "first", "last"), [("", "M", "S"), ("M S", "", "S"), ("M S", "M", ""), ("...", "M", "S")]
)
def test_nothing_to_compare_is_no_score(holder: str, first: str, last: str) -> None:
    assert name_score(holder, first, last) is None
