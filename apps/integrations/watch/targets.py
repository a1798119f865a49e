"""Setting what an integration has to reach."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apps.integrations.audit import record_event, require_permission
from apps.integrations.models import Integration, IntegrationEvent
from apps.integrations.watch.models import ServiceTarget

FIELDS = ("success_percent", "p95_ms", "silence_minutes", "key_age_days", "alert_emails")


@transaction.atomic
def set_target(
    *, integration_id: int, values: Mapping[str, Any], reason: str, actor: User | None, now: datetime
) -> ServiceTarget:
    """
    Set the targets of an integration; the rules use them from their next look on.

    :param values: one value for each of FIELDS
    :raises PermissionDenied: without the permission integrations.switch_integration
    """
    require_permission(actor, "switch_integration")
    Integration.objects.select_for_update().get(pk=integration_id)
    target, _ = ServiceTarget.objects.update_or_create(
        integration_id=integration_id, defaults={name: values[name] for name in FIELDS}
    )
    told = {name: str(values[name]) for name in FIELDS}
    action = IntegrationEvent.Action.TARGET_SET
    record_event(action, integration_id=integration_id, actor=actor, now=now, reason=reason, **told)
    return target
