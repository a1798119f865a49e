"""How alike two words of names are, and why one may say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from apps.verification.matching import vocabulary
from apps.verification.matching.tokens import Kind, Token, abjad_key, consonants_of, skeleton_of, without_gender

SHORTEST_FUZZY = 4
"""Words below so many letters are equal or not: one letter is too much of them."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike (0 to 1), and the reason in a word for people."""

    score: float
    reason: str = ""


NOTHING_ALIKE = Likeness(0.0)


@lru_cache(maxsize=100_000)
def likeness(left: Token, right: Token) -> Likeness:
    """Compare two words; the first reason that holds is the strongest."""
    if left.text == right.text:
        return Likeness(1.0, "same")
    kinds = (left.kind, right.kind)
    if kinds == (Kind.PARTICLE, Kind.PARTICLE):
        # bin, ben, ibn; van, von; al, el: one people's particles are written in many ways.
        return Likeness(0.7, "particle")
    if kinds == (Kind.PLACE, Kind.PLACE) or Kind.NUMBER in kinds or Kind.LEGAL_FORM in kinds:
        return NOTHING_ALIKE
    if Kind.INITIAL in kinds:
        return Likeness(0.85, "initial") if left.text[0] == right.text[0] else NOTHING_ALIKE
    if left.is_abjad != right.is_abjad:
        return _without_vowels(left.text, right.text)
    spellings = {(left.text, right.text), (left.written or left.text, right.written or right.text)}
    return max((_of_words(*each) for each in sorted(spellings)), key=lambda found: found.score)


@lru_cache(maxsize=100_000)
def _of_words(left: str, right: str) -> Likeness:
    if _share(vocabulary.EQUIVALENTS, left, right):
        return Likeness(0.93, "same name in another spelling")
    if skeleton_of(left) == skeleton_of(right):
        return Likeness(0.95, "same sound, spelt differently")
    if without_gender(left) == without_gender(right) or skeleton_of(without_gender(left)) == skeleton_of(
        without_gender(right)
    ):
        return Likeness(0.9, "other grammatical form")
    if _share(vocabulary.NICKNAMES, left, right):
        return Likeness(0.85, "short form")
    return _by_letters(left, right)


def _by_letters(left: str, right: str) -> Likeness:
    longer = max(len(left), len(right))
    if min(len(left), len(right)) < SHORTEST_FUZZY:
        return NOTHING_ALIKE
    edits = OSA.distance(left, right)
    folded_left, folded_right = skeleton_of(left), skeleton_of(right)
    folded_edits = OSA.distance(folded_left, folded_right)
    budget = edits_allowed(longer)
    best = min(edits, folded_edits + 0.5)
    if best > budget:
        return NOTHING_ALIKE
    score = 1 - best / longer * 1.3
    if left[0] != right[0] and folded_left[0] != folded_right[0]:
        # People and clerks rarely get the first letter wrong.
        score -= 0.1
    if consonants_of(left) == consonants_of(right):
        score += 0.08
    return Likeness(
        round(max(0.0, min(score, 0.92)), 4), f"{edits} letters differ" if edits > 1 else "1 letter differs"
    )


def edits_allowed(length: int) -> int:
    """Letters that may differ in a word of this length."""
    if length < SHORTEST_FUZZY:
        return 0
    return 1 if length < 9 else 2 if length < 12 else 3  # noqa: PLR2004 - the table itself


def _without_vowels(left: str, right: str) -> Likeness:
    one, other = abjad_key(left), abjad_key(right)
    if not one or not other:
        return NOTHING_ALIKE
    # The article is written with its word.
    variants = {(one, other), (one.removeprefix("l") or one, other), (one, other.removeprefix("l") or other)}
    if any(a == b for a, b in variants):
        return Likeness(0.92 if len(one) > 2 else 0.8, "same consonants")  # noqa: PLR2004 - two say little
    if any(OSA.distance(a, b) == 1 and min(len(a), len(b)) >= SHORTEST_FUZZY for a, b in variants):
        return Likeness(0.75, "nearly the same consonants")
    return NOTHING_ALIKE


def _share(groups: Mapping[str, frozenset[int]], left: str, right: str) -> bool:
    return bool(groups.get(left, frozenset()) & groups.get(right, frozenset()))
