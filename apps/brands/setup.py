"""Setting up a brand and the markets it serves: by the admin role, each on record."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, models, transaction

from apps.brands.models import Brand, Currency, Jurisdiction, Market, StaffScope
from apps.core.errors import DomainError

BRAND_PERMISSION = "brands.add_brand"
MARKET_PERMISSION = "brands.add_market"
_CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LONGEST_REASON = 100


class BrandNotSound(DomainError):
    """What a brand or a market is described by is missing, malformed, or taken."""

    code = "brand-not-sound"
    title = "That cannot be set up"
    status = 422


@transaction.atomic
def create_brand(
    *, code: str, name: str, currencies: Sequence[str], frontend_url: str, reason: str, actor: User, now: datetime
) -> Brand:
    """
    Make a brand, closed: it opens by its switch, once it has markets and vendors. Whoever makes it may see it.

    :param code: lower-case letters, digits and hyphens; part of addresses and never changed
    :raises PermissionDenied: if the actor may not
    :raises BrandNotSound: if code, name, currencies, address or reason will not do, or the code is taken
    """
    if not actor.has_perm(BRAND_PERMISSION):
        raise PermissionDenied
    _require_sound(code, name, frontend_url, reason)
    known = list(Currency.objects.filter(code__in=currencies, is_enabled=True))
    if not known or len(known) != len(set(currencies)):
        raise BrandNotSound("Choose at least one currency, among those that are enabled.")
    brand = Brand(code=code, name=name.strip(), frontend_url=frontend_url, is_enabled=False)
    # How simple-history is told who, why and when; it declares none of them.
    vars(brand).update(_history_user=actor, _change_reason=reason.strip(), _history_date=now)
    try:
        with transaction.atomic():
            brand.save()
    except IntegrityError:
        raise BrandNotSound(f"There is a brand {code} already.") from None
    brand.currencies.set(known)
    StaffScope.objects.create(user=actor, brand=brand)
    _record(brand, actor, f"Set up with {', '.join(sorted(each.code for each in known))}: {reason.strip()}")
    return brand


@transaction.atomic
def open_market(
    *,
    brand_id: int,
    jurisdiction: str,
    countries: Sequence[str],
    licence: str,
    reason: str,
    actor: User,
    now: datetime,  # noqa: ARG001 - as every operation; the log entry bears the database's own time
) -> Market:
    """
    Let a brand serve countries under a jurisdiction.

    :param countries: ISO 3166-1 alpha-2; each at most once a brand, or nobody knew whose law applies
    :raises PermissionDenied: if the actor may not, or does not serve the brand
    :raises BrandNotSound: if a country is none or served already, the jurisdiction unknown or served already
    """
    serves = actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=brand_id).exists()
    if not (serves and actor.has_perm(MARKET_PERMISSION)):
        raise PermissionDenied
    wanted = sorted({each.strip().upper() for each in countries if each.strip()})
    if not wanted or not all(_COUNTRY.fullmatch(each) for each in wanted):
        raise BrandNotSound("Countries are two-letter codes, e.g. MT, SE.")
    if not Jurisdiction.objects.filter(pk=jurisdiction).exists():
        raise BrandNotSound("There is no such jurisdiction.")
    _require_reason(reason)
    # The brand's row makes two people take turns, so that no country gets two markets.
    brand = Brand.objects.select_for_update().get(pk=brand_id)
    for other in Market.objects.filter(brand=brand):
        if other.jurisdiction_id == jurisdiction:
            raise BrandNotSound(f"{brand.name} serves {jurisdiction} already.")
        if both := sorted(set(wanted) & set(other.countries)):
            raise BrandNotSound(f"{', '.join(both)}: served under {other.jurisdiction_id} already.")
    market = Market.objects.create(
        brand=brand, jurisdiction_id=jurisdiction, countries=wanted, licence=licence.strip()[:80]
    )
    _record(market, actor, f"Opened for {', '.join(wanted)}: {reason.strip()}")
    return market


def _require_sound(code: str, name: str, frontend_url: str, reason: str) -> None:
    if not _CODE.fullmatch(code):
        raise BrandNotSound("A code is 2 to 40 lower-case letters, digits and hyphens, a letter first.")
    if not 0 < len(name.strip()) <= 80:  # noqa: PLR2004 - what the column holds
        raise BrandNotSound("A name has 1 to 80 characters.")
    if frontend_url:
        try:
            URLValidator(schemes=["https", "http"])(frontend_url)
        except ValidationError:
            raise BrandNotSound("The frontend's address is no http(s) address.") from None
    _require_reason(reason)


def _require_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        raise BrandNotSound(f"Say why, in at most {_LONGEST_REASON} characters.")


def _record(made: models.Model, actor: User, told: str) -> None:
    LogEntry.objects.create(
        user=actor,
        content_type=ContentType.objects.get_for_model(made),
        object_id=str(made.pk),
        object_repr=str(made)[:200],
        action_flag=ADDITION,
        change_message=told,
    )
