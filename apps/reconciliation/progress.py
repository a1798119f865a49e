"""How far a long piece of work has come, for those who watch. It lives in the cache: lost, nothing is lost."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.cache import cache

_KEPT_SECONDS = 3600
_EVERY_ROWS = 5_000
_EVERY_SECONDS = 0.5

Row = TypeVar("Row")


@dataclass
class Progress:
    """One piece of work, told at most twice a second."""

    key: str
    name: str = "reading"
    done: int = 0
    _told_at: float = field(default=0.0)

    def step(self, name: str) -> None:
        """Say what is being done from now on."""
        self.name = name
        self._tell()

    def count(self, rows: int = 1) -> None:
        """Say that so many rows more are done."""
        before = self.done // _EVERY_ROWS
        self.done += rows
        if self.done // _EVERY_ROWS != before and time.monotonic() - self._told_at >= _EVERY_SECONDS:
            self._tell()

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Hand rows on and count them."""
        for row in rows:
            yield row
            self.count()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        cache.set(_key(self.key), {"step": self.name, "rows": self.done}, _KEPT_SECONDS)


def progress_of(key: str) -> dict[str, Any] | None:
    """What was told last of a piece of work, if anybody remembers."""
    found: dict[str, Any] | None = cache.get(_key(key))
    return found


def _key(key: str) -> str:
    return f"reconciliation-progress:{key}"
