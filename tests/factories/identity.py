"""Identity vendors connected to a brand, with invented keys."""

from typing import Any

from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from tests.factories.integrations import NOW, make_brand

_IN, _OUT, _ACCESS = Credential.Purpose.VERIFY_INBOUND, Credential.Purpose.SIGN_OUTBOUND, Credential.Purpose.API_ACCESS
KEYS = {
    "onfido": [(_IN, "webhook_token", "onfido-token"), (_ACCESS, "api_token", "api_sandbox.token")],
    "sumsub": [
        (_IN, "webhook_secret", "sumsub-webhook"),
        (_ACCESS, "app_token", "sbx:app"),
        (_OUT, "secret_key", "sumsub-secret"),
    ],
    "yente": [(_ACCESS, "api_key", "yente-key")],
}
OPTIONS: dict[str, dict[str, Any]] = {
    "onfido": {"workflow_id": "wf-1"},
    "sumsub": {"level_name": "basic-kyc-level"},
    "yente": {"is_screening": True, "dataset": "default"},
}


def connect_identity_vendor(
    vendor: str, *, base_url: str = "", environment: str = "test", **options: Any
) -> Integration:
    """Connect one vendor to the brand of the tests."""
    brand = make_brand()
    integration = Integration.objects.create(
        slug=vendor,
        name=vendor.title(),
        vendor=vendor,
        kind=Integration.Kind.IDENTITY,
        brand_code=brand.code,
        environment=environment,
        base_url=base_url,
        options=OPTIONS[vendor] | options,
    )
    for purpose, name, secret in KEYS[vendor]:
        add_credential(integration=integration, purpose=purpose, name=name, secret=secret.encode(), actor=None, now=NOW)
    forget_connections()
    return integration
