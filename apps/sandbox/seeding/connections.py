"""Demo data: the connections to the simulated vendors, and the keys of both sides, made at the first start."""

from datetime import datetime
from typing import Any

from django.db import transaction

from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.sandbox.models import SimulatedVendor
from apps.sandbox.seeding.places import AURORA
from apps.sandbox.vendors.dialects import DIALECTS
from apps.sandbox.vendors.signatures import new_key_pair

_OPERATOR_ID = 1001


@transaction.atomic
def seed_connections(base_url: str, *, now: datetime) -> None:
    """Connect the first brand with each simulated vendor under the vendor's name; keep keys there are."""
    for slug, dialect in DIALECTS.items():
        integration, _ = Integration.objects.get_or_create(
            slug=slug,
            defaults={
                "name": f"{dialect.title} (simulated)",
                "vendor": slug,
                "kind": Integration.Kind.GAMES,
                "brand_code": AURORA,
                "options": {"operator_id": _OPERATOR_ID, "sub_partner_id": AURORA},
            },
        )
        if integration.base_url != f"{base_url}/sandbox/vendors/{slug}":
            integration.base_url = f"{base_url}/sandbox/vendors/{slug}"
            integration.save(update_fields=["base_url"])
        platform_url = f"{base_url}/providers/{slug}"
        if not SimulatedVendor.objects.filter(slug=slug).update(platform_url=platform_url):
            _exchange_keys(integration, platform_url, now)


def connection_documents(base_url: str) -> dict[str, Any]:
    """What the other side of each demo integration needs, in the public form."""
    return {
        vendor.slug: {
            "vendor": vendor.slug,
            "base_url": f"{base_url}/providers/{vendor.slug}",
            "credentials": {"private_key_pem": vendor.private_key_pem, "public_key_pem": vendor.platform_key_pem},
        }
        for vendor in SimulatedVendor.objects.all()
    }


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
    purpose = Credential.Purpose
    for kind, pem in ((purpose.VERIFY_INBOUND, theirs.public_pem), (purpose.SIGN_OUTBOUND, ours.private_pem)):
        add_credential(integration=integration, purpose=kind, secret=pem.encode(), actor=None, now=now)
