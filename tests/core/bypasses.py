"""Finds code that changes what has a history past it: QuerySets and SQL write no version (trap T5)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import Model
from simple_history.utils import get_history_manager_for_model

PAST_HISTORY = frozenset({"update", "aupdate", "bulk_update", "abulk_update", "bulk_create", "abulk_create"})
SWITCHES = ("SIMPLE_HISTORY_ENABLED", "skip_history_when_saving")
"""With these anybody could switch recording off."""


def historied() -> list[type[Model]]:
    """The models whose every version is kept."""
    found = []
    for model in apps.get_models():
        try:
            get_history_manager_for_model(model)
        except Exception:  # noqa: BLE001, S112 - the package's way to say that there is none
            continue
        found.append(model)
    return found


def unrecorded() -> list[str]:
    """Rows of the database whose newest version is not what they are."""
    found = []
    for model in historied():
        fields = [field.attname for field in model._meta.concrete_fields]
        for row in model._default_manager.all():
            newest = (
                get_history_manager_for_model(model).filter(**{model._meta.pk.attname: row.pk}).latest("history_id")
            )
            if any(getattr(row, name) != getattr(newest, name) for name in fields):
                found.append(f"{model._meta.label} {row.pk}")
    return found


def bypasses(source: str, models: list[type[Model]]) -> Iterator[int]:
    """Line numbers at which a source changes rows of these models past their history."""
    names = {model.__name__ for model in models}
    rows_of = {
        relation.get_accessor_name() for model in models for relation in _relations_to(model) if relation.related_name
    }
    tree = ast.parse(source)
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            continue
        known = _querysets(scope, names, rows_of)
        for node in _of_scope(scope):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in PAST_HISTORY
                and _is_rows(node.func.value, names, rows_of, known)
            ):
                yield node.lineno


def sql_bypasses(text: str, models: list[type[Model]]) -> list[str]:
    """Statements of a text that change tables of these models."""
    tables = "|".join(model._meta.db_table for model in models)
    statement = rf"\b(?:UPDATE|INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO)\s+\"?(?:{tables})\"?\b(?!\s*\.)"
    return re.findall(statement, text, re.IGNORECASE)


def switches(text: str) -> list[str]:
    """Words of a text that switch recording off."""
    return [word for word in SWITCHES if word in text]


def sources(*folders: str) -> Iterator[Path]:
    """Python and SQL of the platform; migrations move old rows and write no versions."""
    root = Path(__file__).resolve().parents[2]
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".sql") and "migrations" not in path.parts:
                yield path


def _relations_to(model: type[Model]) -> list[Any]:
    """Accessors through which other rows lead to rows of a model."""
    return [field.remote_field for field in model._meta.concrete_fields if field.remote_field]


def _of_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function or module, without the functions in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _of_scope(child)


def _querysets(scope: ast.AST, names: set[str], rows_of: set[str | None]) -> set[str]:
    """Names that hold rows of the models, in a function."""
    known: set[str] = set()
    for node in _of_scope(scope):
        if isinstance(node, ast.Assign) and _is_rows(node.value, names, rows_of, known):
            known |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return known


def _is_rows(node: ast.expr, names: set[str], rows_of: set[str | None], known: set[str]) -> bool:
    """Whether an expression is a QuerySet of the models: by their manager, by a relation, or by name."""
    while True:
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager"):
            return isinstance(node.value, ast.Name) and node.value.id in names
        if isinstance(node, ast.Attribute) and node.attr in rows_of:
            return True
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return isinstance(node, ast.Name) and node.id in known
