"""Loading a list that the operator bought or keeps: CSV in, rows whose change re-opens what rested on them."""

import csv
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from apps.verification.models import ListedEntity
from apps.verification.sources.local import keys_of

COLUMNS = ("entity_id", "schema", "name", "aliases", "birth_dates", "countries", "topics")
SHIPPED = Path(__file__).parent / "data" / "synthetic_list.csv"
_SEPARATOR = ";"
_MOST_NAMES = 50


class ListNotSound(Exception):
    """The file is not a list; the message names line and column."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading changed."""

    new: int
    changed: int
    gone: int
    same: int


def load_list(*, dataset: str, path: Path, now: datetime) -> Loaded:
    """
    Make a data set what the file says, all of it or nothing. What the file no longer names is kept, and inactive.

    :raises ListNotSound: if a line lacks an id or a name, an id stands twice, or the columns are others
    """
    rows = list(read_list(path, dataset=dataset, now=now))
    return _store(dataset, rows, now)


def read_list(path: Path, *, dataset: str, now: datetime) -> Iterable[ListedEntity]:
    """Read a file, line by line."""
    seen = set[str]()
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ListNotSound(f"missing columns: {', '.join(sorted(missing))}")
        for number, line in enumerate(reader, start=2):
            entity_id, name = (line["entity_id"] or "").strip(), (line["name"] or "").strip()
            if not entity_id or not name:
                raise ListNotSound(f"line {number}: entity_id and name are needed")
            if entity_id in seen:
                raise ListNotSound(f"line {number}: {entity_id} stands twice")
            seen.add(entity_id)
            yield _entity(dataset, entity_id, name, line, now)


def _entity(dataset: str, entity_id: str, name: str, line: dict[str, str | None], now: datetime) -> ListedEntity:
    names = list(dict.fromkeys([name, *_parts(line["aliases"])]))[:_MOST_NAMES]
    entity = ListedEntity(
        dataset=dataset,
        entity_id=entity_id[:120],
        is_person=(line["schema"] or "Person") == "Person",
        names=[each[:300] for each in names],
        birth_dates=[each[:10] for each in _parts(line["birth_dates"])],
        countries=[each.upper()[:2] for each in _parts(line["countries"])],
        topics=[each[:40] for each in _parts(line["topics"])],
        details={key: value for key, value in line.items() if key and key not in COLUMNS and value},
        keys=sorted(set().union(*(keys_of(each) for each in names))),
        changed_at=now,
    )
    said = [entity.is_person, entity.names, entity.birth_dates, entity.countries, entity.topics, entity.details]
    entity.digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return entity


@transaction.atomic
def _store(dataset: str, rows: list[ListedEntity], now: datetime) -> Loaded:
    known = {each.entity_id: each for each in ListedEntity.objects.select_for_update().filter(dataset=dataset)}
    new, changed, same = list[ListedEntity](), list[ListedEntity](), 0
    for row in rows:
        before = known.pop(row.entity_id, None)
        if before is None:
            new.append(row)
        elif before.digest != row.digest or not before.is_active:
            row.pk = before.pk
            changed.append(row)
        else:
            same += 1
    gone = [each for each in known.values() if each.is_active]
    for each in gone:
        each.is_active, each.changed_at = False, now
    ListedEntity.objects.bulk_create(new, batch_size=500)
    fields = [
        "is_person",
        "names",
        "birth_dates",
        "countries",
        "topics",
        "details",
        "keys",
        "digest",
        "is_active",
        "changed_at",
    ]
    ListedEntity.objects.bulk_update(changed, fields, batch_size=500)
    ListedEntity.objects.bulk_update(gone, ["is_active", "changed_at"], batch_size=500)
    return Loaded(len(new), len(changed), len(gone), same)


def _parts(text: str | None) -> list[str]:
    return [each.strip() for each in (text or "").split(_SEPARATOR) if each.strip()]
