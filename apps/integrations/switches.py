"""The kill switch of an integration."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.integrations.audit import record_event, require_permission
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration, IntegrationEvent

_LONGEST_REASON = 300
# What django-simple-history keeps of it beside each version; the event has all of it.
_LONGEST_HISTORY_REASON = 100


class UnableToSwitch(DomainError):
    """The position does not exist, or nobody said why."""

    code = "unable-to-switch"
    title = "The switch cannot be set like that"
    status = 422


@transaction.atomic
def switch_integration(*, slug: str, to: str, reason: str, actor: User | None, now: datetime) -> Integration:
    """
    Set the kill switch: ``on``, ``no_new_play`` or ``off`` (see `Integration.Switch`).

    The wallet obeys with its next call, everything else within `connections.LONGEST_AGE_SECONDS`. Setting it to
    where it is changes and records nothing.

    :param actor: None for the platform itself
    :raises PermissionDenied: if the actor may not use kill switches
    :raises UnableToSwitch: for an unknown position, or without a reason
    :raises Integration.DoesNotExist: if there is none of that slug
    """
    require_permission(actor, "switch_integration")
    reason = reason.strip()
    if to not in Integration.Switch.values:
        raise UnableToSwitch(f"there is no position {to}")
    if not reason or len(reason) > _LONGEST_REASON:
        raise UnableToSwitch(f"a reason of at most {_LONGEST_REASON} characters is needed")
    integration = Integration.objects.select_for_update().get(slug=slug)
    before = integration.switch
    if before == to:
        return integration
    integration.switch = to
    integration.switch_reason = reason
    integration.switch_changed_at = now
    # How simple-history is told who and why; it declares neither.
    integration._history_user = actor  # type: ignore[attr-defined]  # noqa: SLF001
    integration._change_reason = reason[:_LONGEST_HISTORY_REASON]  # type: ignore[attr-defined]  # noqa: SLF001
    integration.save(update_fields=["switch", "switch_reason", "switch_changed_at"])
    action = IntegrationEvent.Action.SWITCHED
    record_event(action, integration_id=integration.pk, actor=actor, now=now, reason=reason, before=before, to=to)
    forget_connections()
    transaction.on_commit(forget_connections)
    return integration
