"""Demo data: the endpoint at which the simulated operator is told what happens."""

from datetime import datetime

from apps.integrations.outgoing.endpoints import change_endpoint, create_endpoint
from apps.integrations.outgoing.models import WebhookEndpoint
from apps.sandbox.operator_hooks import secret_file
from apps.sandbox.seeding.places import AURORA

_NAME = "Operator's CRM (simulated)"


def seed_operator_hooks(base_url: str, *, now: datetime) -> None:
    """Set the endpoint up once; follow the demo's port afterwards."""
    url = f"{base_url}/sandbox/vendors/operator/hooks"
    known = WebhookEndpoint.objects.filter(brand_code=AURORA, name=_NAME).first()
    if known is None:
        _, secret = create_endpoint(brand_code=AURORA, name=_NAME, url=url, kinds=("*",), actor=None, now=now)
        path = secret_file()
        path.touch(mode=0o600)
        path.write_text(secret)
    elif known.url != url:
        change_endpoint(endpoint_id=known.pk, url=url, kinds=known.kinds, reason="the demo's port", actor=None, now=now)
