"""Drawing up what is due: months that have ended, after the days that the contract leaves for late rounds."""

from datetime import date, datetime

import structlog
from django.contrib.auth.models import User

from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.reporting.invoicing.access import AlreadyDrawn
from apps.reporting.invoicing.contract_versions import contract_in_force, current_month, month_after
from apps.reporting.invoicing.drawing import draw_invoice, first_cut_off
from apps.reporting.invoicing.months import month_bounds
from apps.reporting.models import Invoice, InvoiceRefusal, ProviderContract, Revenue

log = structlog.get_logger(__name__)


def draw_due(*, now: datetime) -> list[Invoice]:
    """Draw up every month that is due; what can not be is kept with its reason, and tried again next time."""
    drawn = []
    for integration in Integration.objects.filter(provider_contracts__isnull=False).distinct().order_by("pk"):
        while (month := _due(integration, now)) is not None:
            made = draw_or_refuse(integration, month, actor=None, now=now)
            if made is None:
                break
            drawn.append(made)
    return drawn


def draw_or_refuse(
    integration: Integration, month: date, *, actor: User | None, now: datetime, cut_off: datetime | None = None
) -> Invoice | None:
    """
    Draw up a month; None if it could not be, with the reason kept for staff.

    :param cut_off: the month's first one, unless given
    """
    contract = contract_in_force(integration.pk, month)
    if cut_off is None and contract is not None:
        cut_off = first_cut_off(contract, month)
    try:
        return draw_invoice(
            integration_id=integration.pk,
            month=month,
            cut_off=cut_off,
            actor=actor,
            now=now,
        )
    except AlreadyDrawn:
        # Somebody was faster: nothing is missing.
        return None
    except DomainError as refusal:
        reason = (refusal.detail or refusal.title)[:500]
        log.warning("invoice_not_drawn", integration=integration.slug, month=month.isoformat(), reason=reason)
        InvoiceRefusal.objects.update_or_create(
            integration=integration, month=month, defaults={"reason": reason, "at": now}
        )
        return None


def next_due(integration: Integration) -> date | None:
    """
    The month to be drawn up next; None without a contract.

    The first is the one in which the first terms were entered: what ran before was invoiced elsewhere, or is asked for.
    """
    live = Invoice.objects.filter(integration=integration).exclude(state=Invoice.State.WITHDRAWN)
    last = live.order_by("-month").values_list("month", flat=True).first()
    if last is not None:
        return month_after(integration.pk, last)
    first = ProviderContract.objects.filter(integration=integration).order_by("valid_from").first()
    return max(first.valid_from, current_month(first, first.added_at)) if first else None


def _due(integration: Integration, now: datetime) -> date | None:
    month = next_due(integration)
    if month is None:
        return None
    contract = contract_in_force(integration.pk, month)
    if contract is not None:
        return month if first_cut_off(contract, month) <= now else None
    # Terms ran out and play went on: it is tried, and the refusal is shown to staff.
    starts_at, ends_at = month_bounds(month, "UTC")
    played = Revenue.objects.filter(integration_id=integration.pk, opened__gte=starts_at, opened__lt=ends_at)
    return month if ends_at <= now and played.exists() else None
