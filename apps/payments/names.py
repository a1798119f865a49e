"""How alike two names of a person are. Banks write them in any order, without accents, with initials and titles."""

import re
import unicodedata
from difflib import SequenceMatcher

ALIKE = 85
"""From this score on two names are taken for one person's."""
DIFFERENT = 60
"""Below this score they are taken for two people's; between the two a person looks."""

# What Unicode does not take apart.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "\u0131": "i", "ħ": "h"}
)
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "mme", "sir", "jr", "sr"})
_WORD = re.compile(r"\w+")
_INITIAL_SCORE = 90


def normalised(name: str) -> list[str]:
    """Take a name apart into plain lower-case words: without accents, punctuation and titles."""
    plain = unicodedata.normalize("NFKD", name.casefold()).translate(_LETTERS)
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    # German banks write ä as ae; both are read as a.
    letters = letters.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    return [word for word in _WORD.findall(letters) if word not in _TITLES]


def name_score(holder: str, first_name: str, last_name: str) -> int | None:
    """
    Say how alike a holder's name and a player's are, 0 to 100; None if either is missing.

    Each word of the player's first and last name has to be found among the holder's; further names of the holder do
    not matter. The surname weighs as much as all given names.
    """
    held, given, family = normalised(holder), normalised(first_name), normalised(last_name)
    if not held or not given or not family:
        return None
    family_score, left = _best(family, held)
    # The first given name counts; a bank may leave the others out.
    given_score, _ = _best(given[:1], left or held)
    return round((family_score + given_score) / 2)


def _best(wanted: list[str], among: list[str]) -> tuple[int, list[str]]:
    """Score the words wanted against those there are, each used once; also return the words that are left."""
    left, scores = list(among), []
    for word in wanted:
        scored = [(_alike(word, each), each) for each in left]
        score, found = max(scored, default=(0, ""))
        scores.append(score)
        if found:
            left.remove(found)
    return sum(scores) // max(len(scores), 1), left


def _alike(one: str, other: str) -> int:
    if one == other:
        return 100
    if min(len(one), len(other)) == 1:
        return _INITIAL_SCORE if one[0] == other[0] else 0
    return round(100 * SequenceMatcher(None, one, other, autojunk=False).ratio())
