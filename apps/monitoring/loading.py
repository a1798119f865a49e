"""Loads the shipped rules, lists and rates: shows what would change, then makes drafts. Never changes a version."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth.models import User
from django.db import transaction

from apps.monitoring import facts  # noqa: F401 - importing them registers them
from apps.monitoring.definitions import DefinitionNotSound, content_hash, read_definition, require_fixtures
from apps.monitoring.models import ReferenceList, ReferenceRate, Rule, RuleVersion
from apps.monitoring.reference import forget

DATA = Path(__file__).parent / "data"
RULE_FILES = ("aml.yaml", "fraud.yaml", "harm.yaml")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One rule of the files that is new, or other than its newest version: where, before and after."""

    code: str
    is_new: bool
    differences: tuple[str, ...] = ()


@dataclass
class Loaded:
    """What a load found, and made."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    lists: list[str] = field(default_factory=list)
    rates: int = 0


def shipped_rules(folder: Path = DATA) -> list[dict[str, Any]]:
    """
    Every rule of the shipped files, checked with its fixtures.

    :raises DefinitionNotSound: naming the first rule that is not sound
    """
    found: dict[str, dict[str, Any]] = {}
    lists = shipped_lists(folder)
    for name in RULE_FILES:
        for data in _read(folder / name)["rules"]:
            definition = read_definition(data)
            require_fixtures(definition, lists=lists)
            if definition.code in found:
                raise DefinitionNotSound(f"{definition.code} stands twice in the files")
            found[definition.code] = data
    return list(found.values())


def shipped_lists(folder: Path = DATA) -> dict[str, tuple[str, ...]]:
    """The entries of the shipped lists, by name."""
    return {name: tuple(map(str, each["entries"])) for name, each in _read(folder / "lists.yaml")["lists"].items()}


def _read(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.safe_load(file)


def differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[str, ...]:
    """What is different between two definitions, one line a place."""
    return tuple(_differences(now, before, ""))


def _differences(now: Any, before: Any, path: str) -> Iterator[str]:
    if isinstance(now, Mapping) and isinstance(before, Mapping):
        for name in sorted({*now, *before}):
            yield from _differences(now.get(name), before.get(name), f"{path}.{name}".lstrip("."))
    elif now != before:
        yield f"{path}: {_short(before)} → {_short(now)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@transaction.atomic
def load_catalogue(*, apply: bool, now: datetime, folder: Path = DATA, user: User | None = None) -> Loaded:
    """
    Compare the shipped files with what is known, and make drafts of what is new or other.

    A draft that nobody committed yet is replaced; versions that were committed stay as they are.

    :param apply: only then is anything written
    :raises DefinitionNotSound: if a shipped rule is not sound or fails its fixtures
    """
    loaded = Loaded()
    rules = shipped_rules(folder)
    _load_lists(loaded, apply=apply, now=now, folder=folder)
    newest = {row.rule_id: row for row in RuleVersion.objects.order_by("rule_id", "-number").distinct("rule_id")}
    for data in rules:
        before = newest.get(data["id"])
        if before is not None and before.content_hash == content_hash(data):
            loaded.unchanged += 1
            continue
        told = differences(data, before.definition) if before is not None else ()
        loaded.changes.append(Change(data["id"], before is None, told))
        if apply:
            draft_version(data, now=now, user=user, note="Shipped catalogue")
    return loaded


def draft_version(data: Mapping[str, Any], *, now: datetime, user: User | None, note: str) -> RuleVersion:
    """
    Make the next version of a rule as a draft; an uncommitted draft before it is replaced.

    :raises DefinitionNotSound: if the definition is not sound
    """
    definition = read_definition(data)
    rule, _ = Rule.objects.select_for_update().update_or_create(
        code=definition.code,
        defaults={"name": data["name"], "family": definition.family, "owner": data.get("owner", "compliance")},
    )
    RuleVersion.objects.filter(rule=rule, state=RuleVersion.State.DRAFT, backtests__isnull=True).delete()
    last = RuleVersion.objects.filter(rule=rule).order_by("-number").values_list("number", flat=True).first() or 0
    return RuleVersion.objects.create(
        rule=rule, number=last + 1, definition=dict(data), content_hash=definition.content_hash, note=note[:300],
        drafted_by=user, drafted_at=now,
    )  # fmt: skip


def _load_lists(loaded: Loaded, *, apply: bool, now: datetime, folder: Path) -> None:
    shipped = _read(folder / "lists.yaml")["lists"]
    newest = {row.name: row for row in ReferenceList.objects.order_by("name", "-number").distinct("name")}
    for name, data in shipped.items():
        before = newest.get(name)
        entries = [str(each) for each in data["entries"]]
        if before is not None and before.entries == entries:
            continue
        loaded.lists.append(name)
        if apply:
            number = before.number + 1 if before is not None else 1
            ReferenceList.objects.create(
                name=name, number=number, entries=entries, source=data["source"], loaded_at=now
            )
    rates = _read(folder / "rates.yaml")
    since = dt.date.fromisoformat(str(rates["valid_from"]))
    known = set(ReferenceRate.objects.filter(valid_from=since).values_list("currency", flat=True))
    missing = {code: rate for code, rate in rates["per_euro"].items() if code not in known}
    loaded.rates = len(missing)
    if apply:
        ReferenceRate.objects.bulk_create(
            ReferenceRate(currency=code, per_euro=Decimal(str(rate)), valid_from=since, source=rates["source"])
            for code, rate in missing.items()
        )
        transaction.on_commit(forget)
        forget()
