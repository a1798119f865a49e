"""Setting up endpoints, rotating their secrets, switching them, replaying. Who may: `manage_webhookendpoint`."""

import base64
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.integrations.audit import record_event, require_permission
from apps.integrations.encryption import encrypt
from apps.integrations.models import IntegrationEvent
from apps.integrations.outgoing.addresses import require_usable
from apps.integrations.outgoing.catalogue import event_kinds, matches
from apps.integrations.outgoing.models import WebhookEndpoint, WebhookMessage, WebhookSecret

log = structlog.get_logger(__name__)

_SECRET_BYTES = 32
_PERMISSION = "manage_webhookendpoint"
OVERLAP = timedelta(hours=24)
"""How long the old secret goes on signing after a rotation."""


class UnusableEndpoint(DomainError):
    """The endpoint wants events that do not exist, or its name is taken."""

    code = "unusable-webhook-endpoint"
    title = "The endpoint cannot be set up like that"
    status = 422


@transaction.atomic
def create_endpoint(
    *, brand_code: str, name: str, url: str, kinds: Collection[str], actor: User | None, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """
    Set up an endpoint and return it with its first secret, which cannot be read again.

    :param kinds: names of events, families (``payments.*``) or ``*``
    :raises PermissionDenied: without the permission
    :raises UnusableWebhookUrl: if nothing may be sent there
    :raises UnusableEndpoint: if the name is taken, or a kind does not exist
    """
    require_permission(actor, _PERMISSION)
    require_usable(url)
    _require_known(kinds)
    if WebhookEndpoint.objects.filter(brand_code=brand_code, name=name).exists():
        raise UnusableEndpoint(f"{brand_code} already has an endpoint called {name}.")
    endpoint = WebhookEndpoint.objects.create(
        brand_code=brand_code, name=name, url=url, kinds=sorted(kinds), created_by=actor, created_at=now
    )
    secret = _add_secret(endpoint, now=now)
    _record(IntegrationEvent.Action.WEBHOOK_CREATED, endpoint, actor, now, url=url, kinds=sorted(kinds))
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *, endpoint_id: int, url: str, kinds: Collection[str], reason: str, actor: User | None, now: datetime
) -> WebhookEndpoint:
    """
    Send to another address, or tell other events, from the next event on.

    :raises PermissionDenied: without the permission
    :raises UnusableWebhookUrl: if nothing may be sent there
    :raises UnusableEndpoint: if a kind does not exist
    """
    require_permission(actor, _PERMISSION)
    require_usable(url)
    _require_known(kinds)
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    before = {"url": endpoint.url, "kinds": endpoint.kinds}
    endpoint.url, endpoint.kinds = url, sorted(kinds)
    endpoint.save(update_fields=["url", "kinds"])
    action = IntegrationEvent.Action.WEBHOOK_CHANGED
    _record(action, endpoint, actor, now, reason, before=before, url=url, kinds=endpoint.kinds)
    return endpoint


@transaction.atomic
def rotate_secret(*, endpoint_id: int, reason: str, actor: User | None, now: datetime) -> str:
    """
    Make a new secret and return it. For OVERLAP both sign, so that the receiver changes over in peace.

    :raises PermissionDenied: without the permission
    """
    require_permission(actor, _PERMISSION)
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    # One that was about to end keeps its end: rotating twice must not prolong a secret that leaked.
    endpoint.secrets.filter(expires_at=None).update(expires_at=now + OVERLAP)
    secret = _add_secret(endpoint, now=now)
    _record(IntegrationEvent.Action.WEBHOOK_SECRET_ROTATED, endpoint, actor, now, reason)
    return secret


@transaction.atomic
def switch_endpoint(*, endpoint_id: int, on: bool, reason: str, actor: User | None, now: datetime) -> WebhookEndpoint:
    """
    Stop or resume sending. While off, events go on being collected and are told in order afterwards.

    :param actor: None: the platform, because the receiver is gone or has failed for days
    :raises PermissionDenied: without the permission
    """
    require_permission(actor, _PERMISSION)
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    endpoint.state = WebhookEndpoint.State.ON if on else WebhookEndpoint.State.OFF
    endpoint.state_reason, endpoint.paused_until, endpoint.failing_since = reason[:300], None, None
    endpoint.save(update_fields=["state", "state_reason", "paused_until", "failing_since"])
    if on:
        endpoint.messages.filter(state=WebhookMessage.State.PENDING).update(next_attempt_at=now)
    _record(IntegrationEvent.Action.WEBHOOK_SWITCHED, endpoint, actor, now, reason, to=endpoint.state)
    return endpoint


@transaction.atomic
def replay(*, message_ids: Collection[UUID], reason: str, actor: User | None, now: datetime) -> int:
    """
    Tell messages again, under the same ids, whatever became of them; returns how many.

    :raises PermissionDenied: without the permission
    """
    require_permission(actor, _PERMISSION)
    messages = WebhookMessage.objects.select_for_update().filter(pk__in=message_ids).order_by("pk")
    found = list(messages.select_related("endpoint"))
    pending = WebhookMessage.State.PENDING
    WebhookMessage.objects.filter(pk__in=[each.pk for each in found]).update(
        state=pending, attempts=0, next_attempt_at=now, delivered_at=None
    )
    for endpoint in {each.endpoint_id: each.endpoint for each in found}.values():
        sequences = sorted(each.sequence for each in found if each.endpoint_id == endpoint.pk)
        _record(IntegrationEvent.Action.WEBHOOK_REPLAYED, endpoint, actor, now, reason, sequences=sequences)
    return len(found)


def _require_known(kinds: Collection[str]) -> None:
    if not kinds:
        raise UnusableEndpoint("It has to want at least one kind of event.")
    known = [each.kind for each in event_kinds()]
    for wanted in kinds:
        if not any(matches([wanted], kind) for kind in known):
            raise UnusableEndpoint(f"There is no event {wanted}.")


def _add_secret(endpoint: WebhookEndpoint, *, now: datetime) -> str:
    raw = secrets.token_bytes(_SECRET_BYTES)
    row = WebhookSecret(endpoint=endpoint, kid=f"whs-{now:%Y%m%d}-{secrets.token_hex(3)}", created_at=now)
    row.ciphertext, row.master_kid = encrypt(raw, context=row.context)
    row.save(force_insert=True)
    return "whsec_" + base64.b64encode(raw).decode()


def _record(
    action: IntegrationEvent.Action,
    endpoint: WebhookEndpoint,
    actor: User | None,
    now: datetime,
    reason: str = "",
    **details: Any,
) -> None:
    if actor is None and action == IntegrationEvent.Action.WEBHOOK_SWITCHED:
        log.error("webhook_endpoint_switched", endpoint=str(endpoint), to=endpoint.state, reason=reason)
    record_event(
        action,
        integration_id=None,
        actor=actor,
        now=now,
        reason=reason[:300],
        endpoint=endpoint.name,
        brand=endpoint.brand_code,
        **details,
    )
