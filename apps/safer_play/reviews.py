"""Prompts to look at account and limits: due after so many days without a look, where the law wants them (L13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import transaction

from apps.core.errors import DomainError
from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.guarding import lock_player_with_law
from apps.safer_play.models import Limit, Review


class ReviewNotDue(DomainError):
    """The law wants no such review of this player at present."""

    code: ClassVar[str] = "review-not-due"
    title: ClassVar[str] = "No such review is due"
    status: ClassVar[int] = 404


@dataclass(frozen=True, slots=True)
class DueReview:
    """A prompt that the front end shows."""

    kind: str
    due_since: datetime


def due_reviews(player: Player, *, now: datetime) -> list[DueReview]:
    """What the player is to be asked to look at now."""
    found = []
    for kind, days in rules.review_prompts(player, now):
        since = _counted_from(player, kind)
        if since is not None and (due := since + timedelta(days=days)) <= now:
            found.append(DueReview(kind, due))
    return found


@transaction.atomic
def note_review(*, player_id: int, kind: str, now: datetime) -> Review:
    """
    Record that the player has looked; the days are counted from here.

    :raises ReviewNotDue: if he was not to be asked
    """
    player = lock_player_with_law(player_id)
    if kind not in {each.kind for each in due_reviews(player, now=now)}:
        raise ReviewNotDue
    return Review.objects.create(player=player, kind=kind, reviewed_at=now)


def _counted_from(player: Player, kind: str) -> datetime | None:
    """Since when nothing of the kind has happened; None where it need not: whoever has a limit is not asked for one."""
    last = Review.objects.filter(player=player, kind=kind).values_list("reviewed_at", flat=True).first()
    since = [player.registered_at, last]
    if kind == Review.Kind.NO_LIMIT:
        own = Limit.objects.filter(player=player, set_by=Limit.SetBy.PLAYER)
        if own.filter(state=Limit.State.ACTIVE).exists():
            return None
        since.append(own.exclude(ended_at=None).order_by("-ended_at").values_list("ended_at", flat=True).first())
    return max(at for at in since if at is not None)
