"""Staff with exactly the permissions a test gives them."""

from django.contrib.auth.models import Permission, User
from django.db.models import Q

from apps.brands.models import Brand, StaffScope


def make_staff(username: str, *permissions: str, brands: tuple[Brand, ...] = (), superuser: bool = False) -> User:
    """Make a member of staff; permissions are ``app_label.codename``."""
    user = User.objects.create(username=username, is_staff=True, is_superuser=superuser)
    wanted = Q(pk=None)
    for app, codename in (permission.split(".") for permission in permissions):
        wanted |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(wanted))
    assert len(found) == len(permissions), f"some of {permissions} do not exist"
    user.user_permissions.set(found)
    StaffScope.objects.bulk_create(StaffScope(user=user, brand=brand) for brand in brands)
    return user
