"""Chores of game operations. Each may run twice, and be missed: the rows say what is to be done."""

from datetime import date, timedelta

from celery import shared_task
from django.contrib.auth.models import User

from apps.core import clock
from apps.core.ids import uuid7, uuid7_time
from apps.integrations.models import Integration
from apps.reporting import following, report_exports
from apps.reporting.invoicing.drawing import last_midnight
from apps.reporting.invoicing.schedule import draw_due, draw_or_refuse
from apps.reporting.rtp_monitor import watch_rtp as look

_LONG_SECONDS = 2 * 60 * 60


@shared_task(name="reporting.follow_ledger")
def follow_ledger() -> int:
    """Bring the projections up to the ledger; returns how many postings that took. Refused calls have none."""
    postings = following.follow_ledger()
    following.count_refusals()
    return postings


@shared_task(name="reporting.follow_revenue", soft_time_limit=_LONG_SECONDS)
def follow_revenue() -> int:
    """Bring up to the ledger what invoices are made of; returns how many postings that took."""
    return following.follow_revenue()


@shared_task(name="reporting.count_calls")
def count_calls(*, days: int = 2) -> None:
    """Sum vendors' calls of the last days anew: late ones have been counted by then."""
    following.count_calls(uuid7_time(uuid7()).date() - timedelta(days=days - 1))


@shared_task(name="reporting.draw_invoices", soft_time_limit=_LONG_SECONDS)
def draw_invoices() -> int:
    """Draw up the invoices of months that have ended; returns how many were."""
    return len(draw_due(now=clock.now()))


@shared_task(name="reporting.draw_invoice", soft_time_limit=_LONG_SECONDS)
def draw_invoice(*, integration_id: int, month: str, actor_id: int) -> str:
    """Draw up a month that a member of staff asked for, as of the last midnight; returns its number, if it could be."""
    now = clock.now()
    made = draw_or_refuse(
        Integration.objects.get(pk=integration_id), date.fromisoformat(month),
        actor=User.objects.get(pk=actor_id), now=now, cut_off=last_midnight(now),
    )  # fmt: skip
    return made.number if made else ""


@shared_task(name="reporting.make_export", soft_time_limit=_LONG_SECONDS)
def make_export(*, export_id: int) -> int:
    """Write one export; returns its rows."""
    return report_exports.make_export(export_id=export_id, now=clock.now()).rows


@shared_task(name="reporting.sweep_exports")
def sweep_exports() -> int:
    """Queue again exports that were lost on the way; returns how many."""
    return report_exports.requeue_lost(now=clock.now())


@shared_task(name="reporting.watch_rtp")
def watch_rtp() -> int:
    """Judge the games that were played lately; returns how many alerts were opened."""
    return len(look(now=clock.now()))
