"""The kill switch of a brand."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import Brand, StaffScope
from apps.core.errors import DomainError

SWITCH_PERMISSION = "brands.switch_brand"
# What a row of the history can hold.
MAX_REASON_LENGTH = 100


class BrandReasonRequired(DomainError):
    """Say why, in 100 characters at most: the switch goes into the brand's history with its reason."""

    code = "brand-reason-required"
    title = "A reason is required"
    status = 400


@transaction.atomic
def switch_brand(*, brand_id: int, enabled: bool, reason: str, actor: User, now: datetime) -> Brand:
    """
    Open or close a brand, with effect on the next log-in, launch and bet; wins and rollbacks still settle.

    :raises PermissionDenied: if the actor may not switch brands, or does not serve this one
    :raises BrandReasonRequired: if the reason is empty or too long
    """
    serves = actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=brand_id).exists()
    if not (serves and actor.has_perm(SWITCH_PERMISSION)):
        raise PermissionDenied
    if not 0 < len(reason.strip()) <= MAX_REASON_LENGTH:
        raise BrandReasonRequired
    brand = Brand.objects.select_for_update().get(pk=brand_id)
    if brand.is_enabled != enabled:
        brand.is_enabled = enabled
        # How simple-history is told who, why and when; it declares none of them.
        vars(brand).update(_history_user=actor, _change_reason=reason.strip(), _history_date=now)
        brand.save(update_fields=["is_enabled"])
    return brand
