"""A name as tokens: transliterated, folded, without titles; each token with what it is and how much it says."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from anyascii import anyascii

from apps.verification.matching import vocabulary

_WORDS = re.compile(r"[a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_APOSTROPHES = re.compile("['’‘`´ʼʻ]")
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.\s?){2,}")
_ARTICLE = re.compile(r"\b(al|el|ad|ar|as|ash|an|az|ud|ul)-(?=\w)", re.IGNORECASE)
# Written without vowels, so their transliteration has none either.
_ABJADS = ("ARABIC", "HEBREW", "SYRIAC")
# Written without spaces between syllables; anyascii shows the syllables as humps.
_SYLLABIC = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA")
_LONGEST_NAME = 300
_ROMAN = {
    "i": "1",
    "v": "5",
    "x": "10",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
}
# What two schools of romanisation write differently, as one; the order matters.
_SKELETON = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"shch|sch|tsch|sz", "sh"),
        (r"tch|cz|tsh|cs|dsch", "ch"),
        (r"x", "ks"),
        (r"ph", "f"),
        (r"kh|ch(?=[rlt])|gh|q|ck|cc|c(?=[aourlkt]|$)", "k"),
        (r"dzh|dj|zh|j(?=[aeiou])", "j"),
        (r"tz|ts|c(?=[eiy])", "s"),
        (r"th", "t"),
        (r"oe|ö", "o"),
        (r"ue", "u"),
        (r"ae", "a"),
        (r"ou|oo|eu|w(?=[^aeiou]|$)", "u"),
        (r"eo", "o"),
        (r"w", "v"),
        (r"ee|ie|iy|yi|ij|ii|ey|ei|y", "i"),
        (r"(?<=[aeiou])h|h(?=[^aeiou]|$)", ""),
        (r"z", "s"),
        (r"e(?=[aou])", ""),
    )
)
_DOUBLES = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aeiouy]")
_VOWEL_LETTERS = "aeiouy"
_ABJAD_VOWELS = re.compile(r"[aeiouyw]")
_ABJAD_LETTERS = (
    ("kh", "k"), ("gh", "g"), ("dh", "d"), ("th", "t"), ("sh", "s"), ("ch", "s"), ("tz", "s"), ("ts", "s"), ("q", "k"),
    ("c", "k"), ("p", "b"), ("v", "f"), ("j", "g"), ("z", "d"), ("x", "ks"),
)  # fmt: skip
_ENDINGS = (
    ("skaya", "ski"), ("skaja", "ski"), ("skaia", "ski"), ("tskaya", "tski"), ("ska", "ski"), ("cka", "cki"),
    ("ova", "ov"), ("eva", "ev"), ("ina", "in"), ("yna", "yn"), ("aya", "i"), ("ovna", "ovich"), ("evna", "evich"),
    ("skyi", "ski"), ("skiy", "ski"), ("skij", "ski"), ("sky", "ski"), ("skii", "ski"), ("off", "ov"), ("eff", "ev"),
    ("ow", "ov"), ("owa", "ov"),
)  # fmt: skip


class Kind(StrEnum):
    """What a token is."""

    NAME = "name"
    INITIAL = "initial"
    PARTICLE = "particle"
    NUMBER = "number"
    LEGAL_FORM = "legal form"
    GENERIC = "generic word"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a name."""

    text: str
    kind: Kind
    weight: float
    """How much it says about whose name it is; 1 for an ordinary name."""
    is_abjad: bool = False
    """Its vowels are not known."""
    written: str = ""
    """As it stands in the name, where `text` is the usual word for it."""


@lru_cache(maxsize=50_000)
def skeleton_of(text: str) -> str:
    """Fold a Latin word to a common spelling of its romanisations."""
    found = text
    for pattern, replacement in _SKELETON:
        found = pattern.sub(replacement, found)
    return _DOUBLES.sub(r"\1", found) or text


@lru_cache(maxsize=50_000)
def consonants_of(text: str) -> str:
    """What is left of a word where vowels are not written; a leading vowel leaves its place."""
    folded = skeleton_of(text)
    return ("a" if folded[0] in _VOWEL_LETTERS else folded[0]) + _VOWELS.sub("", folded[1:])


@lru_cache(maxsize=50_000)
def abjad_key(text: str) -> str:
    """What an Arabic or Hebrew hand would write of a word, whichever way it came into Latin letters."""
    found = _ABJAD_VOWELS.sub("", text)
    for digraph, letter in _ABJAD_LETTERS:
        found = found.replace(digraph, letter)
    return _DOUBLES.sub(r"\1", found)


@lru_cache(maxsize=50_000)
def without_gender(text: str) -> str:
    """Give a Slavic surname its masculine form; other words come back as they are."""
    for ending, masculine in _ENDINGS:
        if text.endswith(ending) and len(text) >= len(ending) + 2:
            return text.removesuffix(ending) + masculine
    return text


@lru_cache(maxsize=50_000)
def tokens_of(name: str, *, is_person: bool) -> tuple[Token, ...]:
    """Take a name apart; titles and honorifics are left out unless nothing else is there."""
    latin, is_abjad = _latin(name[:_LONGEST_NAME])
    if not is_person:
        latin = _DOTTED.sub(lambda found: found.group().replace(".", "").replace(" ", "") + " ", latin)
        latin = vocabulary.with_short_forms(latin)
    words = _WORDS.findall(latin)
    if is_person:
        words = [word for word in words if word not in vocabulary.TITLES] or words
        return tuple(_person_token(word, is_abjad=is_abjad) for word in words)
    return tuple(_entity_token(word, place=place, is_abjad=is_abjad) for place, word in enumerate(words))


def _latin(name: str) -> tuple[str, bool]:
    """Return the name in lower-case ASCII, and whether it was written without vowels."""
    composed = unicodedata.normalize("NFKC", name)
    composed = _APOSTROPHES.sub("", composed)
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in composed if letter.isalpha()}
    for word, latin in vocabulary.WORDS_OF_SCRIPTS:
        composed = composed.replace(word, f" {latin} ")
    text = anyascii(_without_signs(composed))
    if scripts & set(_SYLLABIC):
        text = _HUMP.sub(" ", text)
    text = _APOSTROPHES.sub("", text)
    return _ARTICLE.sub(r"\1 ", text).lower(), bool(scripts & set(_ABJADS))


def _without_signs(text: str) -> str:
    """Letters of Cyrillic that romanisations write in many ways, or not at all."""
    return text.replace("ё", "е").replace("Ё", "Е").replace("ъ", "").replace("ь", "").replace("Ь", "")


def _person_token(word: str, *, is_abjad: bool) -> Token:
    if word in vocabulary.PARTICLES:
        return Token(word, Kind.PARTICLE, 0.25, is_abjad)
    if word in vocabulary.GENERATIONS:
        return Token(vocabulary.GENERATIONS[word], Kind.NUMBER, 0.4)
    if word.isdigit():
        return Token(word, Kind.NUMBER, 0.6)
    if len(word) == 1:
        return Token(word, Kind.INITIAL, 0.5)
    return Token(word, Kind.NAME, 1.0, is_abjad)


def _entity_token(word: str, *, place: int, is_abjad: bool) -> Token:
    if word.isdigit() or (place > 0 and word in _ROMAN) or word in vocabulary.NUMBERS:
        return Token(str(int(_ROMAN.get(word) or vocabulary.NUMBERS.get(word) or word)), Kind.NUMBER, 1.4)
    if word in vocabulary.STOPWORDS:
        return Token(word, Kind.PARTICLE, 0.1)
    if word in vocabulary.LEGAL_FORMS:
        return Token(vocabulary.LEGAL_FORMS[word], Kind.LEGAL_FORM, 0.25)
    known = vocabulary.SAME_WORDS.get(word, word)
    if known in vocabulary.GENERIC:
        return Token(known, Kind.GENERIC, 0.6, is_abjad, word)
    if known in vocabulary.PLACES:
        return Token(vocabulary.PLACES[known], Kind.PLACE, 0.8, is_abjad, word)
    return Token(known, Kind.NAME, 1.0, is_abjad, word)
