"""Who holds a permission because it was given to them, and not because superusers hold every one."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q


def is_granted(user: Any, permission: str) -> bool:
    """
    Whether somebody was given this permission by name, through a role or in person.

    A superuser has every permission without having been given any; that opens no wall.
    """
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return False
    if not user.is_superuser:
        return bool(user.has_perm(permission))
    app, _, codename = permission.partition(".")
    given = Q(group__user=user) | Q(user=user)
    return Permission.objects.filter(given, content_type__app_label=app, codename=codename).exists()
