"""Demo data: connections to simulated national registers, and limits without which some players could not play."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.core.money import Money
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import set_limit
from apps.safer_play.models import Limit
from apps.sandbox.models import SimulatedRegister
from apps.sandbox.seeding.places import AURORA, NORDLYS

_GATEWAY = "register-gateway"


@dataclass(frozen=True, slots=True)
class _Access:
    """One brand's access to one register."""

    slug: str
    title: str
    vendor: str
    jurisdiction: str
    brand: str


_ACCESSES = (
    _Access("gamstop", "GAMSTOP", "gamstop", "GB", AURORA),
    _Access("spelpaus", "Spelpaus", _GATEWAY, "SE", AURORA),
    _Access("spelpaus-nordlys", "Spelpaus", _GATEWAY, "SE", NORDLYS),
    _Access("oasis", "OASIS", _GATEWAY, "DE", AURORA),
    _Access("rofus", "ROFUS", _GATEWAY, "DK", NORDLYS),
    _Access("igo", "iGO Centralized Self-Exclusion", _GATEWAY, "CA-ON", AURORA),
)
# A month, in each currency; below what any jurisdiction caps or wants to speak about first.
_AMOUNTS = {"SEK": "8000", "DKK": "6000", "EUR": "800"}


@transaction.atomic
def seed_registers(base_url: str, *, now: datetime) -> None:
    """Connect the brands with a simulator of each register that their jurisdictions want asked; keep keys there are."""
    for access in _ACCESSES:
        integration, made = Integration.objects.get_or_create(
            slug=access.slug,
            defaults={
                "name": f"{access.title} (simulated)",
                "vendor": access.vendor,
                "kind": Integration.Kind.IDENTITY,
                "brand_code": access.brand,
                "options": {"jurisdiction": access.jurisdiction, "register": access.title},
            },
        )
        address = f"{base_url}/sandbox/vendors/registers/{access.slug}"
        if integration.base_url != address:
            integration.base_url = address
            integration.save(update_fields=["base_url"])
        if made:
            key = secrets.token_urlsafe(24)
            SimulatedRegister.objects.create(slug=access.slug, title=access.title, api_key=key)
            add_credential(
                integration=integration,
                purpose=Credential.Purpose.API_ACCESS,
                secret=key.encode(),
                actor=None,
                now=now,
            )


def seed_limits(*, now: datetime) -> None:
    """Give players of the demo a deposit limit where the law allows no play without one."""
    for player in Player.objects.select_related("jurisdiction").filter(is_test=False, limits=None):
        amount = _AMOUNTS.get(player.currency)
        if amount is not None and rules.must_have_limit(player, now):
            terms = Terms(
                kind=Limit.Kind.DEPOSIT, period=Limit.Period.MONTH, money=Money.parse(amount, player.currency)
            )
            set_limit(player_id=player.pk, terms=terms, now=now)
