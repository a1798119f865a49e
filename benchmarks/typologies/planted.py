"""Planted typologies: for each rule of the catalogue, lives that it has to find. Figures vary by the seed."""

import random
from datetime import datetime

from benchmarks.typologies import harm, laundering
from benchmarks.typologies.plots import STORIES, Plot
from benchmarks.typologies.world import Life

_TOLD = (harm, laundering)
"""Which enter their stories."""


def planted_lives(each: int, *, now: datetime, seed: int, rules: list[str] | None = None) -> list[Life]:
    """So many stories of every rule (or of those named)."""
    dice = random.Random(seed)
    lives = []
    for rule in rules or sorted(STORIES):
        for number in range(each):
            lives += STORIES[rule](Plot(now, dice, number))
    return lives
