"""Drills: a provider is passed over on purpose for some minutes, to see that the others carry its payments."""

from collections import Counter
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.payments.circuits import set_drill
from apps.payments.models import Attempt, RouteDrill
from apps.payments.operations.steps import PaymentUnknown

RUN_PERMISSION = "payments.run_routedrill"
LONGEST = timedelta(hours=2)


class DrillNotPossible(DomainError):
    """A drill of this provider runs already, or it would last too long."""

    code = "drill-not-possible"
    title = "The drill can not begin"
    status = 409


@transaction.atomic
def start_drill(*, integration_id: int, minutes: int, reason: str, actor: User, now: datetime) -> RouteDrill:
    """
    Pass a provider over for some minutes. What it has accepted already goes on; new payments go to the others.

    :raises PermissionDenied: if the actor may not
    :raises DrillNotPossible: one runs already, or for more than two hours
    """
    if not actor.has_perm(RUN_PERMISSION):
        raise PermissionDenied
    integration = Integration.objects.select_for_update().get(pk=integration_id, kind=Integration.Kind.PAYMENTS)
    scoped = StaffScope.objects.filter(user=actor, brand__code=integration.brand_code)
    if not (actor.is_superuser or scoped.exists()):
        raise PaymentUnknown
    lasts = timedelta(minutes=minutes)
    if (
        not timedelta(0) < lasts <= LONGEST
        or RouteDrill.objects.filter(integration=integration, ended_at=None).exists()
    ):
        raise DrillNotPossible
    set_drill(integration.pk, until=now + lasts)
    return RouteDrill.objects.create(
        integration=integration, reason=reason, started_by=actor, started_at=now, ends_at=now + lasts
    )


@transaction.atomic
def end_drill(*, drill_id: int, now: datetime) -> RouteDrill:
    """Let a provider be asked again, and keep what the others have carried meanwhile; ended once."""
    drill = RouteDrill.objects.select_for_update(of=("self",)).select_related("integration").get(pk=drill_id)
    if drill.ended_at is not None:
        return drill
    set_drill(drill.integration_id, until=None)
    drill.ended_at = now
    drill.result = {"carried": _carried(drill, now), "leaked": _leaked(drill, now)}
    drill.save(update_fields=["ended_at", "result"])
    return drill


def _carried(drill: RouteDrill, now: datetime) -> dict[str, dict[str, int]]:
    """Attempts at the brand's other providers, by provider and state."""
    rows = Attempt.objects.filter(
        integration__brand_code=drill.integration.brand_code, started_at__gte=drill.started_at, started_at__lt=now
    ).exclude(integration_id=drill.integration_id)
    counted: dict[str, Counter[str]] = {}
    for slug, state in rows.values_list("integration__slug", "state"):
        counted.setdefault(slug, Counter())[state] += 1
    return {slug: dict(states) for slug, states in sorted(counted.items())}


def _leaked(drill: RouteDrill, now: datetime) -> int:
    """New attempts at the provider itself: a drill that works has none."""
    rows = Attempt.objects.filter(
        integration_id=drill.integration_id, started_at__gte=drill.started_at, started_at__lt=now
    )
    return rows.count()
