"""Who of the staff may do what to which player: a permission, and the player's brand."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.brands.models import StaffScope


def require(actor: User, permission: str, *, brand_id: int) -> None:
    """
    Let a member of staff pass who has the permission and serves the brand.

    :raises PermissionDenied: for everybody else, and for deactivated accounts
    """
    if not (actor.is_active and actor.is_staff and actor.has_perm(permission)):
        raise PermissionDenied(f"needs the permission {permission}")
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=brand_id).exists()):
        raise PermissionDenied("the player belongs to another brand")
