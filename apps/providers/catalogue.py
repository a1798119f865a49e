"""What staff change in the catalogue: games, studios and brands' own settings on and off; which certificates end."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.brands.models import Brand
from apps.core.errors import DomainError
from apps.providers.models import BrandGame, Game, GameCertificate, Studio

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SWITCH_PERMISSION = "providers.switch_game"
# What a row of the history can hold.
MAX_REASON_LENGTH = 100


class ReasonRequired(DomainError):
    """Say why, in 100 characters at most: the change goes into the history with its reason."""

    code = "reason-required"
    title = "A reason is required"
    status = 400


@transaction.atomic
def switch_game(*, game_id: int, enabled: bool, reason: str, actor: "User", now: datetime) -> Game:
    """
    Enable or disable a game everywhere, with effect on the next launch and the next bet.

    :raises PermissionDenied: if the actor may not switch games
    :raises ReasonRequired: if the reason is empty or too long
    """
    require_right(actor, reason)
    game = Game.objects.select_for_update().get(pk=game_id)
    if game.is_enabled != enabled:
        game.is_enabled = enabled
        save_with_history(game, ["is_enabled"], reason=reason, actor=actor, now=now)
    return game


@transaction.atomic
def switch_studio(*, studio_id: int, enabled: bool, reason: str, actor: "User", now: datetime) -> Studio:
    """
    Enable or disable every game of a studio at once; the games keep their own switches.

    :raises PermissionDenied: if the actor may not switch games
    :raises ReasonRequired: if the reason is empty or too long
    """
    require_right(actor, reason)
    studio = Studio.objects.select_for_update().get(pk=studio_id)
    if studio.is_enabled != enabled:
        studio.is_enabled = enabled
        save_with_history(studio, ["is_enabled"], reason=reason, actor=actor, now=now)
    return studio


@transaction.atomic
def switch_brand_game(
    *, brand_id: int, game_id: int, enabled: bool, reason: str, actor: "User", now: datetime
) -> BrandGame:
    """
    Enable or disable a game at one brand, with effect on the next launch and the next bet.

    :raises PermissionDenied: if the actor may not switch games
    :raises ReasonRequired: if the reason is empty or too long
    """
    require_right(actor, reason)
    # The brand's row serialises two first settings of one game, which have no row of their own to lock yet.
    brand = Brand.objects.select_for_update().get(pk=brand_id)
    setting = BrandGame.objects.filter(brand=brand, game_id=game_id).first()
    if setting is None:
        setting = BrandGame(brand=brand, game_id=game_id, is_enabled=enabled)
        save_with_history(setting, None, reason=reason, actor=actor, now=now)
    elif setting.is_enabled != enabled:
        setting.is_enabled = enabled
        save_with_history(setting, ["is_enabled"], reason=reason, actor=actor, now=now)
    return setting


def expiring_certificates(*, today: date, within: timedelta = timedelta(days=60)) -> QuerySet[GameCertificate]:
    """
    Return certificates that enabled games need and that end soon, or have ended, without a successor; soonest first.

    A successor is a certificate of the same game and jurisdiction, for the same variant or for all, that lasts longer.
    """
    successor = GameCertificate.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("valid_to")),
        Q(variant__isnull=True) | Q(variant=OuterRef("variant")),
        game=OuterRef("game"),
        jurisdiction=OuterRef("jurisdiction"),
        valid_from__lte=OuterRef("valid_to"),
    )
    return (
        GameCertificate.objects.filter(
            ~Exists(successor), valid_to__lte=today + within, game__needs_certificate=True, game__is_enabled=True
        )
        .select_related("game__studio", "variant", "jurisdiction")
        .order_by("valid_to", "pk")
    )


def require_right(actor: "User", reason: str, permission: str = SWITCH_PERMISSION) -> None:
    """
    Refuse who may not, and what says no reason.

    :raises PermissionDenied: without the permission
    :raises ReasonRequired: if the reason is empty or too long
    """
    if not actor.has_perm(permission):
        raise PermissionDenied
    if not 0 < len(reason.strip()) <= MAX_REASON_LENGTH:
        raise ReasonRequired


def save_with_history(
    row: models.Model, fields: list[str] | None, *, reason: str, actor: "User | None", now: datetime
) -> None:
    """
    Save, and let the row of the history say who, when and why; simple_history reads these attributes.

    :param fields: None for a new row
    :param actor: None for the platform itself
    """
    row._change_reason = reason.strip()  # type: ignore[attr-defined]  # noqa: SLF001
    row._history_user = actor  # type: ignore[attr-defined]  # noqa: SLF001
    row._history_date = now  # type: ignore[attr-defined]  # noqa: SLF001
    row.save(update_fields=fields)
