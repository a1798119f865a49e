"""The register of personal data: every column that can hold words, and what an erasure makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_fsm import FSMField

REGISTER = Path(__file__).parent / "data" / "personal_columns.yaml"
# Django's own tables without a person in them.
_LEFT_OUT = frozenset({"contenttypes", "sessions"})
_HOLDS_WORDS = (
    models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField, ArrayField,
)  # fmt: skip


class Fate(StrEnum):
    """What becomes of a column when its player is erased."""

    ERASED = "erased"
    KEPT = "kept"
    EXPIRES = "expires"
    STAFF = "staff"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it is, what becomes of it, and why it stays if it does."""

    table: str
    """`<app>.<Model>`."""
    name: str
    fate: Fate
    why: str = ""


def registered(path: Path = REGISTER) -> list[Column]:
    """
    Read the register.

    :raises ValueError: if it uses a word for a fate that there is not
    """
    with path.open(encoding="utf-8") as file:
        tables: Mapping[str, Mapping[str, object]] = yaml.safe_load(file)["tables"]
    return [column for table, fates in tables.items() for column in _columns(table, fates)]


def text_columns() -> dict[str, list[str]]:
    """Every column of the models that can hold words; not those with a closed list of values."""
    return {
        model._meta.label: names
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in _LEFT_OUT and (names := _names(model))
    }


def _columns(table: str, fates: Mapping[str, object]) -> Iterator[Column]:
    for fate, names in fates.items():
        reasons: Mapping[str, str] = names if isinstance(names, dict) else dict.fromkeys(names, "")  # type: ignore[call-overload]
        for name, why in reasons.items():
            yield Column(table, name, Fate(fate), why)


def _names(model: type[models.Model]) -> list[str]:
    return [
        field.name
        for field in model._meta.local_fields
        if isinstance(field, _HOLDS_WORDS)
        and not isinstance(field, models.SlugField | FSMField)
        and not _is_closed(field)
    ]


def _is_closed(field: "models.Field[object, object]") -> bool:
    inner = getattr(field, "base_field", field)
    return bool(inner.choices)
