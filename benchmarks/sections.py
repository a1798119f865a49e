"""What can be measured: the registry of sections, and the terms they are run on."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.ground import Ground


@dataclass(frozen=True)
class Terms:
    """How long and how often."""

    seconds: float
    runs: int
    transfers: int


@dataclass(frozen=True)
class Section:
    """One thing to measure."""

    name: str
    title: str
    measure: Callable[[Ground, Terms], list[Figure]]


SECTIONS: dict[str, Section] = {}
"""In the order in which they are run."""


def section(name: str, title: str) -> Callable[[Callable[[Ground, Terms], list[Figure]]], Callable[..., list[Figure]]]:
    """Enter the decorated function into the registry."""

    def enter(measure: Callable[[Ground, Terms], list[Figure]]) -> Callable[..., list[Figure]]:
        SECTIONS[name] = Section(name, title, measure)
        return measure

    return enter
