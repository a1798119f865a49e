"""Adding, removing and restricting a studio in one step, after its effect has been seen."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.core.errors import DomainError
from apps.providers.catalogue import require_right, save_with_history
from apps.providers.models import Game, GameSession, Studio


class StudioChanged(DomainError):
    """Somebody has changed the studio or its games since the preview. Look at it anew."""

    code = "studio-changed"
    title = "The studio has changed meanwhile"
    status = 409


@dataclass(frozen=True, slots=True)
class StudioStep:
    """
    What is to become of a studio.

    :ivar blocked_countries: the whole list from now on
    :ivar with_games: switch on its games too that are off and not withdrawn
    """

    is_enabled: bool
    blocked_countries: tuple[str, ...]
    with_games: bool = False


def studio_version(studio: Studio) -> str:
    """What a preview was made of: the studio's own state, and which of its games are on."""
    on = studio.games.filter(is_enabled=True).count()
    return f"{studio.is_enabled}:{','.join(sorted(studio.blocked_countries))}:{on}:{studio.games.count()}"


def games_to_enable(studio: Studio, *, now: datetime) -> QuerySet[Game]:
    """Games of the studio that are off and not withdrawn."""
    return studio.games.filter(Q(withdrawn_on=None) | Q(withdrawn_on__gt=now.date()), is_enabled=False)


def seated(studio: Studio, *, now: datetime, countries: Collection[str] | None = None) -> QuerySet[GameSession]:
    """Running sessions for money in the studio's games; of players of these countries, where some are named."""
    rows = GameSession.objects.filter(
        game__studio=studio, mode=GameSession.Mode.REAL, ended_at=None, expires_at__gt=now
    )
    return rows if countries is None else rows.filter(player__country__in=countries)


@transaction.atomic
def take_step(*, studio_id: int, step: StudioStep, seen: str, reason: str, actor: User, now: datetime) -> int:
    """
    Do it, with effect on the next launch, and on the next bet where the studio goes off.

    :param seen: the `studio_version` of the preview
    :return: how many games were switched on
    :raises PermissionDenied: if the actor may not switch games
    :raises ReasonRequired: if the reason is empty or too long
    :raises StudioChanged: if the studio is not the one seen
    """
    require_right(actor, reason)
    studio = Studio.objects.select_for_update(no_key=True).get(pk=studio_id)
    if studio_version(studio) != seen:
        raise StudioChanged
    wanted = (step.is_enabled, sorted(step.blocked_countries))
    if (studio.is_enabled, sorted(studio.blocked_countries)) != wanted:
        studio.is_enabled, studio.blocked_countries = wanted
        save_with_history(studio, ["is_enabled", "blocked_countries"], reason=reason, actor=actor, now=now)
    if not (step.with_games and step.is_enabled):
        return 0
    games = list(games_to_enable(studio, now=now).select_for_update(no_key=True).order_by("pk"))
    for game in games:
        game.is_enabled = True
        save_with_history(game, ["is_enabled"], reason=reason, actor=actor, now=now)
    return len(games)
