"""What happens in the catalogue on which day: releases, withdrawals, announced games, certificates that end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from apps.providers.catalogue_models import CatalogueChange
from apps.providers.models import Game, GameCertificate

MOST_A_KIND = 500
"""Of one kind and month; no vendor brings out more, and a page must end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on one day."""

    day: date
    level: str
    word: str
    title: str
    url: str


def entries_between(first: date, last: date) -> list[Entry]:
    """Everything from one day to another, by day; four queries."""
    found = [*_releases(first, last), *_withdrawals(first, last), *_certificates(first, last), *_announced(first, last)]
    return sorted(found, key=lambda entry: (entry.day, entry.word, entry.title))


def _releases(first: date, last: date) -> Iterator[Entry]:
    for game in Game.objects.filter(released_on__range=(first, last))[:MOST_A_KIND]:
        yield Entry(game.released_on or first, "good", "release", game.title, _of_game(game.pk))


def _withdrawals(first: date, last: date) -> Iterator[Entry]:
    for game in Game.objects.filter(withdrawn_on__range=(first, last))[:MOST_A_KIND]:
        yield Entry(game.withdrawn_on or first, "bad", "withdrawal", game.title, _of_game(game.pk))


def _certificates(first: date, last: date) -> Iterator[Entry]:
    rows = GameCertificate.objects.filter(
        valid_to__range=(first, last), game__is_enabled=True, game__needs_certificate=True
    )
    for one in rows.select_related("game")[:MOST_A_KIND]:
        title = f"{one.game.title} in {one.jurisdiction_id}"
        yield Entry(one.valid_to or first, "warning", "certificate ends", title, _of_game(one.game_id))


def _announced(first: date, last: date) -> Iterator[Entry]:
    rows = CatalogueChange.objects.filter(
        state=CatalogueChange.State.PROPOSED,
        kind=CatalogueChange.Kind.ADDED,
        after__released_on__gte=first.isoformat(),
        after__released_on__lte=last.isoformat(),
    )
    for change in rows[:MOST_A_KIND]:
        day = date.fromisoformat(change.after["released_on"])  # type: ignore[index]  # filtered by it
        url = reverse("admin:providers_cataloguechange_change", args=[change.pk])
        yield Entry(day, "info", "announced", change.title, url)


def _of_game(pk: int) -> str:
    return reverse("admin:providers_game_change", args=[pk])
