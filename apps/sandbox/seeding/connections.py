"""Demo data: the connections to the simulated vendors, and the keys of both sides, made at the first start."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction

from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.sandbox.models import SimulatedVendor
from apps.sandbox.seeding.places import AURORA
from apps.sandbox.vendors.signatures import new_key_pair
from apps.sandbox.vendors.speakers.registry import SPEAKERS

_OPERATOR_ID = 1001
_IN, _OUT, _ACCESS = Credential.Purpose.VERIFY_INBOUND, Credential.Purpose.SIGN_OUTBOUND, Credential.Purpose.API_ACCESS
_SWIPE_CID = str(uuid5(NAMESPACE_URL, "aurora.example"))

_OPTIONS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "hub88": {"operator_id": _OPERATOR_ID, "sub_partner_id": AURORA},
        "caleta": {"operator_id": _OPERATOR_ID, "sub_partner_id": AURORA},
        "swipegames": {"cid": _SWIPE_CID, "ext_cid": AURORA},
        "valkyrie": {"provider": "ravenfold", "casino": AURORA},
    }
)
_SHARED_SECRETS: Mapping[str, tuple[tuple[Credential.Purpose, str], ...]] = MappingProxyType(
    {
        "evolution": ((_IN, "auth_token"), (_ACCESS, "casino_key"), (_ACCESS, "api_token")),
        "swipegames": ((_OUT, "api_key"), (_IN, "integration_api_key")),
        "valkyrie": ((_IN, "bearer_token"), (_ACCESS, "operator_api_key")),
    }
)
"""What both sides of a protocol know: purpose on ours, and name, which is the public document's too."""


@transaction.atomic
def seed_connections(base_url: str, *, now: datetime) -> None:
    """Connect the first brand with each simulated vendor under the vendor's name; keep keys there are."""
    for slug, speaker in SPEAKERS.items():
        integration, _ = Integration.objects.get_or_create(
            slug=slug,
            defaults={
                "name": f"{speaker.title} (simulated)",
                "vendor": slug,
                "kind": Integration.Kind.GAMES,
                "brand_code": AURORA,
                "options": _OPTIONS.get(slug, {}),
            },
        )
        if integration.base_url != f"{base_url}/sandbox/vendors/{slug}":
            integration.base_url = f"{base_url}/sandbox/vendors/{slug}"
            integration.save(update_fields=["base_url"])
        platform_url = f"{base_url}/providers/{slug}"
        if not SimulatedVendor.objects.filter(slug=slug).update(platform_url=platform_url):
            exchange: Callable[..., None] = _share_secrets if slug in _SHARED_SECRETS else _exchange_keys
            exchange(integration, platform_url, now)


def connection_documents(base_url: str) -> dict[str, Any]:
    """What the other side of each demo integration needs, in the public form."""
    return {
        vendor.slug: {
            "vendor": vendor.slug,
            "base_url": f"{base_url}/providers/{vendor.slug}",
            "credentials": _credentials(vendor),
        }
        for vendor in SimulatedVendor.objects.all()
    }


def _credentials(vendor: SimulatedVendor) -> dict[str, str]:
    names = [name for _, name in _SHARED_SECRETS.get(vendor.slug, ())]
    if names:
        return {name: vendor.secrets[name] for name in names}
    return {"private_key_pem": vendor.private_key_pem, "public_key_pem": vendor.platform_key_pem}


def _exchange_keys(integration: Integration, platform_url: str, now: datetime) -> None:
    """Each side makes a pair and gives the other its public half."""
    theirs, ours = new_key_pair(), new_key_pair()
    SimulatedVendor.objects.create(
        slug=integration.slug,
        platform_url=platform_url,
        private_key_pem=theirs.private_pem,
        public_key_pem=theirs.public_pem,
        platform_key_pem=ours.public_pem,
        operator_id=_OPERATOR_ID,
    )
    for kind, pem in ((_IN, theirs.public_pem), (_OUT, ours.private_pem)):
        add_credential(integration=integration, purpose=kind, secret=pem.encode(), actor=None, now=now)


def _share_secrets(integration: Integration, platform_url: str, now: datetime) -> None:
    """Make the secrets that both sides know."""
    shared = {name: secrets.token_urlsafe(24) for _, name in _SHARED_SECRETS[integration.slug]}
    facts = {"cid": _SWIPE_CID} if integration.slug == "swipegames" else {}
    facts |= {"provider": str(_OPTIONS["valkyrie"]["provider"])} if integration.slug == "valkyrie" else {}
    SimulatedVendor.objects.create(slug=integration.slug, platform_url=platform_url, secrets=shared | facts)
    for purpose, name in _SHARED_SECRETS[integration.slug]:
        add_credential(
            integration=integration, purpose=purpose, name=name, secret=shared[name].encode(), actor=None, now=now
        )
