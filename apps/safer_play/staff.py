"""Which staff may act on which player. Asked in every operation that staff call, never only on the page."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.brands.models import StaffScope
from apps.players.models import Player


def require_staff(actor: User, permission: str, player: Player) -> None:
    """
    Let staff pass who hold ``safer_play.<permission>`` and may see the player's brand.

    :raises PermissionDenied: for everybody else
    """
    sees_brand = actor.is_superuser or StaffScope.objects.filter(user=actor, brand=player.brand_id).exists()
    if not (actor.is_active and actor.has_perm(f"safer_play.{permission}") and sees_brand):
        raise PermissionDenied
