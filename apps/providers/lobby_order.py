"""A brand's lobby: which games come first, and under which category. Saved whole, never over a colleague's work."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from apps.brands.models import Brand
from apps.core.errors import DomainError
from apps.providers.catalogue import require_right, save_with_history
from apps.providers.models import BrandGame, Game

LONGEST_CATEGORY = 40
MOST_PLACED = 300


class LobbyChanged(DomainError):
    """A colleague has arranged the lobby meanwhile. Look at it anew."""

    code = "lobby-changed"
    title = "The lobby has changed meanwhile"
    status = 409


class LobbyUnusable(DomainError):
    """A place is a whole number, a category has at most 40 characters, and at most 300 games have a place."""

    code = "lobby-unusable"
    title = "The lobby cannot be arranged like that"
    status = 422


def lobby_version(brand_id: int) -> str:
    """What tells one state of a brand's lobby from another."""
    rows = BrandGame.objects.filter(brand_id=brand_id).order_by("game_id")
    state = list(rows.values_list("game_id", "position", "category", "is_enabled", "variant_id"))
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


@transaction.atomic
def arrange_lobby(
    *,
    brand_id: int,
    places: Mapping[int, int | None],
    categories: Mapping[int, str],
    seen: str,
    reason: str,
    actor: User,
    now: datetime,
) -> int:
    """
    Put games first, in the order of their places; those without a place stand behind them by title.

    :param places: by game; None lets one go back among the others. Games that are not named stay where they are
    :param categories: by game; empty means the catalogue's own
    :param seen: the `lobby_version` that the person has looked at
    :return: how many games stand differently now
    :raises PermissionDenied: if the actor may not arrange lobbies
    :raises ReasonRequired: if the reason is empty or too long
    :raises LobbyChanged: if the lobby is not the one seen
    :raises LobbyUnusable: if a category is too long, or too many games have a place
    """
    require_right(actor, reason)
    brand = Brand.objects.select_for_update(no_key=True).get(pk=brand_id)
    if lobby_version(brand_id) != seen:
        raise LobbyChanged
    if any(len(category.strip()) > LONGEST_CATEGORY for category in categories.values()):
        raise LobbyUnusable(f"A category has at most {LONGEST_CATEGORY} characters.")
    rows = {each.game_id: each for each in BrandGame.objects.filter(brand=brand)}
    positions = _positions(rows, places)
    named = set(categories) | set(positions)
    changed = 0
    for game_id in sorted(Game.objects.filter(pk__in=named).values_list("pk", flat=True)):
        row = rows.get(game_id) or BrandGame(brand=brand, game_id=game_id)
        before = (row.position, row.category)
        row.position = positions.get(game_id, row.position)
        row.category = categories.get(game_id, row.category).strip()
        if (row.position, row.category) != before:
            fields = ["position", "category"] if row.pk else None
            save_with_history(row, fields, reason=reason, actor=actor, now=now)
            changed += 1
    return changed


def _positions(rows: Mapping[int, BrandGame], places: Mapping[int, int | None]) -> dict[int, int]:
    """Negative positions come before the others', which stand at zero."""
    placed = {game_id: place for game_id, place in places.items() if place is not None}
    if len(placed) > MOST_PLACED:
        raise LobbyUnusable(f"At most {MOST_PLACED} games have a place.")
    order = sorted(placed, key=lambda game_id: (placed[game_id], rows[game_id].position if game_id in rows else 0))
    positions = {game_id: index - len(order) for index, game_id in enumerate(order)}
    freed = {game_id: 0 for game_id in places if game_id not in placed and game_id in rows}
    return positions | {game_id: 0 for game_id in freed if rows[game_id].position < 0}
