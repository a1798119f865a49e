"""Demo data: connections to the simulated identity vendors, the secrets of both sides, and the invented list."""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.sandbox.kyc_models import SimulatedKycVendor
from apps.sandbox.seeding.places import AURORA
from apps.verification.list_loading import SHIPPED, load_list
from apps.verification.models import ListedEntity

_IN, _OUT, _ACCESS = Credential.Purpose.VERIFY_INBOUND, Credential.Purpose.SIGN_OUTBOUND, Credential.Purpose.API_ACCESS
_ALGORITHM = "HMAC_SHA256_HEX"
DATASET = "invented"

_VENDORS: dict[str, dict[str, Any]] = {
    "onfido": {"workflow_id": "00000000-0000-4000-8000-000000000001", "is_default": True},
    "sumsub": {"level_name": "basic-kyc-level", "webhook_algorithm": _ALGORITHM},
}
_SECRETS: dict[str, tuple[tuple[Credential.Purpose, str], ...]] = {
    "onfido": ((_IN, "webhook_token"), (_ACCESS, "api_token")),
    "sumsub": ((_IN, "webhook_secret"), (_ACCESS, "app_token"), (_OUT, "secret_key")),
}
_PUBLIC = {"onfido": ("webhook_token",), "sumsub": ("webhook_secret", "webhook_algorithm")}


@transaction.atomic
def seed_kyc(base_url: str, *, now: datetime) -> None:
    """Connect the first brand with each simulated identity vendor; keep secrets there are."""
    for slug, options in _VENDORS.items():
        integration = _integration(slug, options, base_url)
        platform_url = f"{base_url}/kyc/{slug}"
        if not SimulatedKycVendor.objects.filter(slug=slug).update(platform_url=platform_url):
            theirs: dict[str, str] = {name: secrets.token_urlsafe(32) for _, name in _SECRETS[slug]}
            SimulatedKycVendor.objects.create(
                slug=slug,
                platform_url=platform_url,
                secrets={**theirs, **({"webhook_algorithm": _ALGORITHM} if slug == "sumsub" else {})},
            )
            for purpose, name in _SECRETS[slug]:
                secret = theirs[name].encode()
                add_credential(integration=integration, purpose=purpose, name=name, secret=secret, actor=None, now=now)
    if not ListedEntity.objects.filter(dataset=DATASET).exists():
        load_list(dataset=DATASET, path=SHIPPED, now=now)


def kyc_documents(base_url: str) -> dict[str, Any]:
    """What the other side of each demo integration needs, in the public form."""
    return {
        vendor.slug: {
            "vendor": vendor.slug,
            "base_url": f"{base_url}/kyc/{vendor.slug}",
            "credentials": {name: vendor.secrets[name] for name in _PUBLIC[vendor.slug]},
        }
        for vendor in SimulatedKycVendor.objects.filter(slug__in=list(_PUBLIC))
    }


def _integration(slug: str, options: dict[str, Any], base_url: str) -> Integration:
    vendor_url = f"{base_url}/sandbox/vendors/{slug}"
    integration, made = Integration.objects.get_or_create(
        slug=slug,
        defaults={
            "name": f"{slug.title()} (simulated)",
            "vendor": slug,
            "kind": Integration.Kind.IDENTITY,
            "brand_code": AURORA,
            "base_url": vendor_url,
            "options": options,
        },
    )
    if not made and integration.base_url != vendor_url:
        # A demo that runs on another port than last time.
        integration.base_url = vendor_url
        integration.save(update_fields=["base_url"])
    return integration
