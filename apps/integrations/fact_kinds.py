"""
Every kind of fact, declared once by the app that records it: what it is called and what its data hold.

Recording, following or telling a kind that nobody declared is a mistake of this code base, most likely a name written
differently at its two ends: it is found by `manage.py check`, and by the first test that comes by.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeAlias, get_args

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

Shape: TypeAlias = type | UnionType
"""Type of one value as JSON gives it back: `str`, `int`, `float`, `bool`, `list`, `dict`, or a union of these."""


@dataclass(frozen=True, slots=True)
class FactKind:
    """What one kind of fact holds."""

    kind: str
    always: Mapping[str, Shape]
    sometimes: Mapping[str, Shape]

    @property
    def names(self) -> frozenset[str]:
        """Every name its data may have."""
        return frozenset(self.always) | frozenset(self.sometimes)


class FactNotDeclared(ValueError):
    """A fact of a kind, or with data, that no app has declared."""


_declared: dict[str, FactKind] = {}
_awaited: dict[str, FactKind] = {}
_followers: dict[str, frozenset[str]] = {}


def declare_facts(
    kinds: Iterable[str], always: Mapping[str, Shape], sometimes: Mapping[str, Shape] | None = None
) -> None:
    """
    Say that the calling app records facts of these kinds. Called in ``AppConfig.ready``.

    :param kinds: as in `outbox.record_fact`
    :param always: what the data of each such fact hold
    :param sometimes: what they may hold besides
    :raises ValueError: if a kind was declared otherwise before
    """
    for kind in kinds:
        made = FactKind(kind, dict(always), dict(sometimes or {}))
        if _declared.setdefault(kind, made) != made:
            raise ValueError(f"two apps declare {kind}")
        _awaited.pop(kind, None)


def await_facts(kinds: Iterable[str], data: Mapping[str, Shape]) -> None:
    """Say that the calling app will follow these kinds once some app or system records them; nobody does yet."""
    for kind in kinds:
        if kind not in _declared:
            _awaited[kind] = FactKind(kind, {}, dict(data))


def follow_facts(follower: str, kinds: Collection[str]) -> None:
    """Say which kinds a follower reads, so that a name that nobody records is noticed. Called in ``ready``."""
    _followers[follower] = frozenset(kinds)


def declared_kinds() -> Mapping[str, FactKind]:
    """Every kind that is recorded, by name."""
    return dict(sorted(_declared.items()))


def awaited_kinds() -> Mapping[str, FactKind]:
    """Every kind that somebody would follow and nobody records yet, by name."""
    return dict(sorted(_awaited.items()))


def followers() -> Mapping[str, frozenset[str]]:
    """Who follows what."""
    return dict(_followers)


def fact_kind(kind: str) -> FactKind | None:
    """Look up a kind that is recorded or awaited."""
    return _declared.get(kind) or _awaited.get(kind)


def forget_kinds(kinds: Collection[str]) -> None:
    """Take declarations back; for tests that declare kinds of their own."""
    for kind in kinds:
        _declared.pop(kind, None)


def unknown_kinds(kinds: Collection[str]) -> list[str]:
    """Which of these nobody declared or awaits."""
    return sorted(kind for kind in kinds if fact_kind(kind) is None)


def require_sound(kind: str, data: Mapping[str, Any]) -> None:
    """
    Compare a fact with its declaration.

    In production a mistake is logged and the fact recorded: a payment does not fail because of how it is told of.

    :raises FactNotDeclared: if they differ, where `STRICT_FACTS` is on
    """
    fault = _fault(kind, data)
    if fault is None:
        return
    if settings.STRICT_FACTS:
        raise FactNotDeclared(fault)
    log.error("fact_not_declared", kind=kind, fault=fault)


def _fault(kind: str, data: Mapping[str, Any]) -> str | None:
    declared = _declared.get(kind)
    if declared is None:
        return f"nobody declares facts of the kind {kind!r}"
    if missing := sorted(set(declared.always) - set(data)):
        return f"{kind} lacks {', '.join(missing)}"
    if surplus := sorted(set(data) - declared.names):
        return f"{kind} does not declare {', '.join(surplus)}"
    shapes = {**declared.always, **declared.sometimes}
    wrong = sorted(name for name, value in data.items() if not _has_shape(value, shapes[name]))
    return f"{kind} has another type in {', '.join(wrong)}" if wrong else None


def _has_shape(value: Any, shape: Shape) -> bool:
    # To Python a bool is an int, to readers of JSON it is not.
    if isinstance(value, bool):
        return bool in (get_args(shape) or (shape,))
    return isinstance(value, shape)
