"""
Comparing two names as wholes: words are paired in whatever order, what is left over counts against it.

The score is the weighted mean of the pairs' likeness, where unpaired words count as unlike; less so on the listed side,
whose names are often fuller. The explanation is the pairing itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from apps.verification.matching.similarity import Likeness, edits_allowed, likeness
from apps.verification.matching.tokens import Kind, Token, skeleton_of, tokens_of

THRESHOLD = 0.70
"""From here on two names count as alike. Fixed; found on `tests/verification/name_pairs.csv`, see the docs."""

_EXTRA_ASKED = 0.40
_EXTRA_LISTED = 0.30
_EXTRA_OF_ENTITY = 0.70
_CONFLICT = 1.0
_MOST_WORDS = 16
_LONG_WORD = 9
_SMALLEST_PAIR = 0.4


@dataclass(frozen=True, slots=True)
class Pair:
    """Words of both names that stand for each other; one side is empty where a word found no partner."""

    asked: str
    listed: str
    score: float
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How alike two names are, and by which pairs of words."""

    score: float
    pairs: tuple[Pair, ...]

    @property
    def is_match(self) -> bool:
        """At the fixed threshold."""
        return self.score >= THRESHOLD

    @property
    def explanation(self) -> str:
        """The pairing in words."""
        return "; ".join(_said(pair) for pair in self.pairs)


@lru_cache(maxsize=20_000)
def compare_names(asked: str, listed: str, *, is_person: bool = True) -> NameMatch:
    """
    Compare the name that is asked about (a player's) with a listed one. Deterministic; names in any script.

    :param is_person: otherwise a company, organisation or ship: legal forms and generic words say little, numbers much
    """
    left = tokens_of(asked, is_person=is_person)[:_MOST_WORDS]
    right = tokens_of(listed, is_person=is_person)[:_MOST_WORDS]
    if not left or not right:
        return NameMatch(0.0, ())
    if sorted(token.text for token in left) == sorted(token.text for token in right):
        return NameMatch(1.0, (Pair(asked, listed, 1.0, 1.0, "same"),))
    pairs = _paired(left, right)
    score = _person_score(pairs) if is_person else _entity_score(pairs, left, right)
    score = max(score, _as_one_word(left, right))
    return NameMatch(round(max(0.0, min(1.0, score)), 4), pairs)


def _as_one_word(left: Sequence[Token], right: Sequence[Token]) -> float:
    """Names whose blanks were lost or put elsewhere: compared as one long word."""
    if any(token.kind in (Kind.NUMBER, Kind.INITIAL) for token in (*left, *right)) or len(left) == len(right):
        return 0.0
    one, other = ("".join(t.written or t.text for t in side if t.kind != Kind.LEGAL_FORM) for side in (left, right))
    longer = max(len(one), len(other))
    if longer < _LONG_WORD:
        return 0.0
    edits = OSA.distance(one, other)
    return 0.95 - edits / longer if edits <= edits_allowed(longer) - 1 else 0.0


def _paired(left: Sequence[Token], right: Sequence[Token]) -> tuple[Pair, ...]:
    """Pair the likest first; words written together on one side and apart on the other count as one."""
    options = sorted(
        [*_single_pairs(left, right), *_joined(left, right), *_joined(right, left, is_swapped=True)],
        key=lambda option: (-option[0].score * len(option[1] + option[2]) ** 0.25, option[1], option[2]),
    )
    used_left, used_right, pairs = set[int](), set[int](), list[Pair]()
    for like, ours, theirs in options:
        if used_left & set(ours) or used_right & set(theirs):
            continue
        used_left |= set(ours)
        used_right |= set(theirs)
        words = (" ".join(left[i].text for i in ours), " ".join(right[i].text for i in theirs))
        weights = (max(left[i].weight for i in ours), max(right[i].weight for i in theirs))
        weight = min(weights) if like.reason == "initial" else sum(weights) / 2
        pairs.append(Pair(*words, like.score, weight, like.reason))
    pairs += [Pair(t.text, "", 0.0, t.weight, t.kind) for i, t in enumerate(left) if i not in used_left]
    pairs += [Pair("", t.text, 0.0, t.weight, t.kind) for i, t in enumerate(right) if i not in used_right]
    return tuple(pairs)


_Option = tuple[Likeness, tuple[int, ...], tuple[int, ...]]


def _single_pairs(left: Sequence[Token], right: Sequence[Token]) -> list[_Option]:
    found: list[_Option] = []
    for i, ours in enumerate(left):
        for j, theirs in enumerate(right):
            like = likeness(ours, theirs)
            if like.score >= _SMALLEST_PAIR:
                found.append((like, (i,), (j,)))
    return found


def _joined(one: Sequence[Token], other: Sequence[Token], *, is_swapped: bool = False) -> list[_Option]:
    """Neighbours of one side, two or three, that together are a word of the other."""
    found: list[_Option] = []
    for size in (2, 3):
        for start in range(len(one) - size + 1):
            window = one[start : start + size]
            if any(token.kind in (Kind.NUMBER, Kind.LEGAL_FORM, Kind.INITIAL) for token in window):
                continue
            places = tuple(range(start, start + size))
            words = [token.written or token.text for token in window]
            for joined in ("".join(words), *(("".join(reversed(words)),) if size == 2 else ())):  # noqa: PLR2004
                for k, whole in enumerate(other):
                    like = _joined_likeness(joined, whole)
                    if like is not None:
                        found.append((like, (k,), places) if is_swapped else (like, places, (k,)))
    return found


def _joined_likeness(joined: str, whole: Token) -> Likeness | None:
    if len(joined) < 4 or whole.kind in (Kind.INITIAL, Kind.LEGAL_FORM, Kind.NUMBER):  # noqa: PLR2004
        return None
    if joined == whole.text:
        return Likeness(1.0, "written together")
    if skeleton_of(joined) == skeleton_of(whole.text):
        return Likeness(0.95, "written together, spelt differently")
    longer = max(len(joined), len(whole.text))
    if longer >= 7 and OSA.distance(joined, whole.text) <= edits_allowed(longer) - 1 + (longer < 8):  # noqa: PLR2004
        return Likeness(0.85, "written together, letters differ")
    return None


def _person_score(pairs: Sequence[Pair]) -> float:
    total = weight = 0.0
    matched = [pair for pair in pairs if pair.score > 0]
    ours = [pair for pair in pairs if not pair.listed]
    theirs = [pair for pair in pairs if not pair.asked]
    for pair in matched:
        total += pair.score * pair.weight
        weight += pair.weight
    conflict = min(_weight(ours), _weight(theirs))
    weight += conflict * 2 * _CONFLICT
    weight += (_weight(ours) - conflict) * _EXTRA_ASKED + (_weight(theirs) - conflict) * _EXTRA_LISTED
    if not weight:
        return 0.0
    score = total / weight
    return score * _certainty(matched, has_leftovers=bool(_names(ours) or _names(theirs)))


def _certainty(matched: Sequence[Pair], *, has_leftovers: bool) -> float:
    """One word of a name in common is nobody in particular; doubts about several words add up."""
    full = [pair for pair in matched if pair.weight >= 0.9]  # noqa: PLR2004
    factor = 1.0
    if len(full) < 2 and has_leftovers:  # noqa: PLR2004
        factor *= 0.72 if full else 0.6
    doubts = [pair.score for pair in full if pair.score < 0.9]  # noqa: PLR2004
    if len(doubts) > 1:
        factor *= 0.93 ** (len(doubts) - 1)
    return factor


def _entity_score(pairs: Sequence[Pair], left: Sequence[Token], right: Sequence[Token]) -> float:
    total = weight = 0.0
    kinds = {token.text: token.kind for token in (*left, *right)}
    for pair in pairs:
        if pair.score:
            total += pair.score * pair.weight
            weight += pair.weight
    ours, theirs = [p for p in pairs if not p.listed], [p for p in pairs if not p.asked]
    conflict = min(_weight(ours), _weight(theirs))
    weight += conflict * 2 * _CONFLICT
    weight += (_weight(ours) - conflict) * _EXTRA_OF_ENTITY + (_weight(theirs) - conflict) * _EXTRA_LISTED
    if not weight:
        return 0.0
    score = total / weight
    core = [p for p in pairs if p.score and kinds.get(p.asked, Kind.NAME) in (Kind.NAME, Kind.PLACE, Kind.GENERIC)]
    if not core:
        score *= 0.5
    elif not any(kinds.get(p.asked, Kind.NAME) == Kind.NAME for p in core) and (_names(ours) or _names(theirs)):
        score *= 0.7
    if _names(ours) and _names(theirs):
        # However long: what sets two sister companies apart is one word.
        score *= 0.9
    numbers = [{t.text for t in side if t.kind == Kind.NUMBER} for side in (left, right)]
    if numbers[0] != numbers[1]:
        score *= 0.6 if all(numbers) else 0.8
    return score


def _weight(pairs: Sequence[Pair]) -> float:
    return sum(pair.weight for pair in pairs)


def _names(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.reason == Kind.NAME]


def _said(pair: Pair) -> str:
    if not pair.listed:
        return f"“{pair.asked}” is not in the listed name"
    if not pair.asked:
        return f"“{pair.listed}” is not in the player’s name"
    if pair.asked == pair.listed:
        return f"“{pair.asked}” is the same"
    return f"“{pair.asked}” and “{pair.listed}”: {pair.reason}"
