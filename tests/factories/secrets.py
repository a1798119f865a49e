"""Vendors of further protocols connected to a brand, with secrets made up for tests."""

from typing import Any

from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from tests.contracts.family import HUB88_KEY, HUB88_PUBLIC_KEY
from tests.factories.integrations import NOW, connect_game_vendor, make_brand

_IN, _OUT, _ACCESS = Credential.Purpose.VERIFY_INBOUND, Credential.Purpose.SIGN_OUTBOUND, Credential.Purpose.API_ACCESS

CREDENTIALS: dict[str, dict[str, str]] = {
    "hub88": {"private_key_pem": HUB88_KEY, "public_key_pem": HUB88_PUBLIC_KEY},
    "caleta": {"private_key_pem": HUB88_KEY, "public_key_pem": HUB88_PUBLIC_KEY},
    "evolution": {"auth_token": "evo s3cr3t/+&", "casino_key": "casino-k/1", "api_token": "api-t0ken"},
    "swipegames": {"api_key": "our-api-key", "integration_api_key": "their-integration-key"},
    "valkyrie": {"bearer_token": "bearer-s3cr3t", "operator_api_key": "operator-k3y"},
}
"""What the other side of each vendor needs, by the names of the public contract."""

_PURPOSES = {
    "auth_token": _IN,
    "casino_key": _ACCESS,
    "api_token": _ACCESS,
    "api_key": _OUT,
    "integration_api_key": _IN,
    "bearer_token": _IN,
    "operator_api_key": _ACCESS,
}


def connect_vendor(
    vendor: str, *, slug: str = "", base_url: str = "", brand_code: str = "aurora", **options: Any
) -> Integration:
    """Connect a vendor of any protocol, with settings."""
    if vendor in ("hub88", "caleta"):
        integration = connect_game_vendor(vendor, slug=slug, base_url=base_url, brand_code=brand_code)
    else:
        brand = make_brand(brand_code)
        integration = Integration.objects.create(
            slug=slug or vendor,
            name=vendor.title(),
            vendor=vendor,
            kind=Integration.Kind.GAMES,
            brand_code=brand.code,
            base_url=base_url,
        )
        for name, secret in CREDENTIALS[vendor].items():
            add_credential(
                integration=integration, purpose=_PURPOSES[name], name=name, secret=secret.encode(), actor=None, now=NOW
            )
    if options:
        integration.options = options
        integration.save(update_fields=["options"])
    forget_connections()
    return integration
