"""The matcher of names: the bar of the public bench, pairs of our own, explanations."""

import csv
from pathlib import Path

import pytest

from apps.verification.matching.names import THRESHOLD, compare_names
from benchmarks.name_quality import ALL_BAR, PERSONS_BAR, judged, quality


def test_the_public_bench_is_passed_at_one_fixed_threshold() -> None:
    pairs = judged()
    assert (len(pairs), sum(each.is_person for each in pairs), sum(each.is_strong for each in pairs)) == (826, 548, 47)
    assert quality(pairs).f1 >= ALL_BAR
    assert quality(pairs, lambda each: each.is_person).f1 >= PERSONS_BAR
    assert [each for each in pairs if each.is_strong and not each.is_right] == []
    assert THRESHOLD == 0.70


def test_on_pairs_of_our_own_nine_of_ten_are_right() -> None:
    with (Path(__file__).parent / "name_pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = sum(
        compare_names(row["asked"], row["listed"], is_person=row["schema"] == "Person").is_match
        is (row["is_match"] == "true")
        for row in rows
    )
    assert right / len(rows) >= 0.93


@pytest.mark.parametrize(
    ("asked", "listed", "said"),
    [
        ("Сергей Щербаков", "Sergey Shcherbakov", "“sergej” and “sergey”: same name in another spelling"),
        ("Bill Sikorsky", "William Sikorsky", "“bill” and “william”: short form"),
        ("J. Harker", "Jonathan Harker", "“j” and “jonathan”: initial"),
        ("محمد الحربي", "Mohammed Al Harbi", "same consonants"),
        ("Jonathan Harker", "Jonathan Matthew Harker", "“matthew” is not in the player’s name"),
    ],
)
def test_each_pairing_is_explained(asked: str, listed: str, said: str) -> None:
    match = compare_names(asked, listed)
    assert match.is_match
    assert said in match.explanation


@pytest.mark.parametrize(
    "name", ["", " ", "!!!", "\u200b", "\U0001d518\U0001d52b", "a" * 5000, "٠١٢", "王", "O'", "-", "🙂 🙂"]
)
def test_no_name_breaks_it(name: str) -> None:
    for other in (name, "Jonathan Harker"):
        match = compare_names(name, other)
        assert 0.0 <= match.score <= 1.0
        assert compare_names(name, other) == match


def test_one_word_in_common_is_nobody_in_particular() -> None:
    assert not compare_names("Mohammed Salem", "Mohammed Karimi").is_match
    assert not compare_names("Jonathan Trading LLC", "Jonathan Harker", is_person=False).is_match
