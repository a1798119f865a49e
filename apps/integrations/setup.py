"""Connecting a vendor to a brand: one new integration, on record. Its keys are added afterwards, on its page."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction

from apps.core.errors import DomainError
from apps.integrations.audit import record_event, require_permission
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration, IntegrationEvent

PERMISSION = "integrations.add_integration"
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,63}")
_LONGEST_REASON = 300
_LONGEST_HISTORY_REASON = 100
_LONGEST_TEXT = 2_000

_vendors: dict[str, dict[str, Mapping[str, Callable[[Any], bool]]]] = {}


class UnableToConnect(DomainError):
    """What describes the connection is missing, malformed, unknown to the vendor's adapter, or taken."""

    code = "unable-to-connect"
    title = "The vendor cannot be connected like that"
    status = 422


def declare_vendor(*, kind: str, vendor: str, options: Mapping[str, Callable[[Any], bool]]) -> None:
    """
    Make known that an adapter speaks for a vendor. Adapters live in rooms above.

    :param options: the settings it reads, each with what says whether it may have a value
    """
    _vendors.setdefault(kind, {})[vendor] = dict(options)


@transaction.atomic
def connect_vendor(
    *,
    slug: str,
    name: str,
    vendor: str,
    kind: str,
    brand_code: str,
    environment: str,
    base_url: str,
    options: Mapping[str, Any],
    reason: str,
    actor: User | None,
    now: datetime,
) -> Integration:
    """
    Connect a vendor to a brand, switched off: it is switched on once its keys are there and a call has worked.

    :param slug: the `{integration}` of our addresses; never changed
    :param options: settings that differ from the adapter's defaults
    :raises PermissionDenied: if the actor may not, or does not serve the brand
    :raises UnableToConnect: if anything will not do, or the slug is taken
    """
    require_permission(actor, "add_integration")
    if actor is not None and not actor.is_superuser:
        _require_serves(actor, brand_code)
    _require_sound(slug=slug, name=name, vendor=vendor, kind=kind, environment=environment, base_url=base_url)
    _require_options(kind, vendor, options)
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        raise UnableToConnect(f"Say why, in at most {_LONGEST_REASON} characters.")
    made = Integration(
        slug=slug, name=name.strip(), vendor=vendor, kind=kind, brand_code=brand_code, environment=environment,
        base_url=base_url, options=dict(options), switch=Integration.Switch.OFF, switch_reason="Newly connected",
        switch_changed_at=now,
    )  # fmt: skip
    vars(made).update(_history_user=actor, _change_reason=reason.strip()[:_LONGEST_HISTORY_REASON], _history_date=now)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise UnableToConnect(f"There is an integration {slug} already.") from None
    record_event(
        IntegrationEvent.Action.CONNECTED, integration_id=made.pk, actor=actor, now=now, reason=reason.strip(),
        vendor=vendor, environment=environment, brand=brand_code, options=sorted(options),
    )  # fmt: skip
    transaction.on_commit(forget_connections)
    return made


def _require_serves(actor: Any, brand_code: str) -> None:
    # The rows are `brands.StaffScope`, reached through the user they hang on: this module stands below `brands`.
    if not actor.brand_scopes.filter(brand__code=brand_code).exists():
        raise UnableToConnect("You serve no such brand.")


def _require_sound(*, slug: str, name: str, vendor: str, kind: str, environment: str, base_url: str) -> None:
    if vendor not in _vendors.get(kind, {}):
        raise UnableToConnect(f"No adapter of the kind {kind!r:.30} speaks for {vendor!r:.40}.")
    if not _SLUG.fullmatch(slug):
        raise UnableToConnect("The id is 2 to 64 lower-case letters, digits and hyphens, a letter first.")
    if not 0 < len(name.strip()) <= 120:  # noqa: PLR2004 - what the column holds
        raise UnableToConnect("A name has 1 to 120 characters.")
    if environment not in Integration.Environment.values:
        raise UnableToConnect("The environment is test or live.")
    schemes = ["https"] if environment == Integration.Environment.LIVE else ["https", "http"]
    try:
        URLValidator(schemes=schemes)(base_url)
    except ValidationError:
        raise UnableToConnect(f"The vendor's address has to be an {' or '.join(schemes)} address.") from None


def _require_options(kind: str, vendor: str, options: Mapping[str, Any]) -> None:
    known = _vendors[kind][vendor]
    if unknown := sorted(set(options) - set(known)):
        raise UnableToConnect(f"{vendor} has no setting {unknown[0]!r:.60}.")
    for option, value in options.items():
        is_text_sound = not isinstance(value, str) or (len(value) <= _LONGEST_TEXT and "\0" not in value)
        if not is_text_sound or not known[option](value):
            raise UnableToConnect(f"{option} may not be {value!r:.60}.")
