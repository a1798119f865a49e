"""What the log of pressed buttons says of a player: his name and the reasons given. Both go when he is erased."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Cast

from apps.compliance.holdings import Holding, Rows, register_holding
from apps.players.models import Player

_FARTHEST = 2
"""How many rows lie between one with buttons and its player at most: a review, its case, the player."""


def register() -> None:
    """Register it; called once the pages are known."""
    register_holding(
        Holding(
            "staff_log", "What staff did with your account", _untold, _erase, "Which button was pressed when, by whom"
        )
    )


def path_to_player(model: type[models.Model], *, farthest: int = _FARTHEST) -> str | None:
    """Which field of a model, followed if need be, holds the player it is about; None: it is about none."""
    if model is Player:
        return "pk"
    fields = {field.name: field for field in model._meta.concrete_fields}
    for name, field in fields.items():
        if field.related_model is Player:
            return name
    if "player_id" in fields:
        return "player_id"
    for name, field in fields.items():
        above = field.related_model if farthest else None
        if isinstance(above, type) and (path := path_to_player(above, farthest=farthest - 1)):
            return f"{name}__{path}"
    return None


def _untold(player: Player) -> Rows:  # noqa: ARG001 - every holding is asked alike
    """Nothing is told: a reason may tell of a suspicion."""
    yield from ()


def _erase(player: Player) -> int:
    return sum(
        _logged(model, path, player).update(object_repr="", change_message="")
        for model, page in admin.site._registry.items()  # noqa: SLF001 - Django offers no list
        if getattr(page, "staff_actions", ()) and (path := path_to_player(model))
    )


def _logged(model: type[models.Model], path: str, player: Player) -> models.QuerySet[LogEntry]:
    """What was pressed on the rows of one kind that are about him."""
    rows = model._default_manager.filter(**{path: player.pk})  # noqa: SLF001 - whatever the model's is called
    his = rows.annotate(key=Cast("pk", models.TextField())).values("key")
    kind = ContentType.objects.get_for_model(model)
    return LogEntry.objects.filter(content_type=kind, object_id__in=his)
