"""Who may do what to an integration, and the record of who did."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.core.request_context import current_request_id
from apps.integrations.models import IntegrationEvent


def require_permission(actor: User | None, permission: str) -> None:
    """
    Let staff with that permission pass, and the platform itself (None: seeding, commands, tasks).

    :raises PermissionDenied: for everybody else
    """
    if actor is not None and not actor.has_perm(f"integrations.{permission}"):
        raise PermissionDenied(f"needs the permission integrations.{permission}")


def record_event(
    action: IntegrationEvent.Action,
    *,
    integration_id: int | None,
    actor: User | None,
    now: datetime,
    kid: str = "",
    reason: str = "",
    **details: Any,
) -> None:
    """Write the audit row; call it inside the transaction of the act. Details are names and times, never secrets."""
    IntegrationEvent.objects.create(
        integration_id=integration_id,
        action=action,
        kid=kid,
        details=details,
        reason=reason,
        actor=actor,
        request_id=current_request_id(),
        at=now,
    )
