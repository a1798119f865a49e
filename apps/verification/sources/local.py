"""The embedded list: entries that the operator loaded, found by keys of their words, judged by our own matcher."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from apps.verification.matching.tokens import Kind, abjad_key, consonants_of, tokens_of
from apps.verification.matching.vocabulary import EQUIVALENTS, NICKNAMES
from apps.verification.models import ListedEntity
from apps.verification.sources.port import Entry, Question, Reply, judge

_MOST_CANDIDATES = 5000
_MOST_HITS = 50
_KEY_LETTERS = 4


class LocalList:
    """Asks `ListedEntity`."""

    name = "local"

    def ask(self, question: Question, *, excluded: Sequence[str] = (), changed_since: datetime | None = None) -> Reply:
        """Look among the entries that share a key with the person. Cleared ones too: it costs no server anything."""
        del excluded
        rows = ListedEntity.objects.filter(is_active=True, is_person=True, keys__overlap=sorted(keys_of(question.name)))
        if changed_since is not None:
            rows = rows.filter(changed_at__gt=changed_since)
        newest = ListedEntity.objects.aggregate(at=Max("changed_at"))["at"]
        judged = (judge(question, entry_of(row)) for row in rows.order_by("pk")[:_MOST_CANDIDATES])
        found = sorted(
            (each for each in judged if each is not None), key=lambda each: (-each.rank, each.entry.entity_id)
        )
        return Reply(tuple(found[:_MOST_HITS]), newest, is_complete=changed_since is None)


def entry_of(row: ListedEntity) -> Entry:
    """A row as the matcher wants it."""
    return Entry(
        dataset=row.dataset,
        entity_id=f"{row.dataset}:{row.entity_id}",
        names=tuple(row.names),
        birth_dates=tuple(row.birth_dates),
        countries=tuple(row.countries),
        topics=tuple(row.topics),
        details=row.details,
    )


def keys_of(name: str) -> set[str]:
    """
    Keys by which likely matches of a name are found: each of its words gives several.

    One word in common is enough to be looked at, so a misspelt word costs nothing as long as another one is well spelt.
    """
    found = set[str]()
    words = [token.text for token in tokens_of(name, is_person=True) if token.kind == Kind.NAME]
    joined = ["".join(words)] if len(words) > 1 else []
    for word in (*words, *joined):
        found.add(f"w:{word[:32]}")
        found.add(f"c:{consonants_of(word)[:_KEY_LETTERS]}")
        if len(abjad_key(word)) > 1:
            found.add(f"a:{abjad_key(word)[:_KEY_LETTERS]}")
        found |= {f"e:{number}" for number in EQUIVALENTS.get(word, ())}
        found |= {f"n:{number}" for number in NICKNAMES.get(word, ())}
    return found
