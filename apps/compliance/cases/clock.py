"""The SLA clock of a case: it runs while the case is open, stands while the player is awaited, never goes back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from apps.compliance.models import Blueprint, Case, ClockInterval
from apps.compliance.working_time import add_working, working_seconds

CLOCK = ("clock_started_at", "due_at", "warn_at", "urgency")
# Each level ends when so many per cent of the SLA are used.
_LEVELS = ((Case.Urgency.CALM, 50), (Case.Urgency.HALF, 80), (Case.Urgency.AT_RISK, 100))


def sla_of(blueprint: Blueprint, *, severity: str, jurisdiction: str) -> int:
    """Minutes of working time that a case of this severity may take."""
    own = blueprint.jurisdiction_sla.get(jurisdiction)
    minutes = int(blueprint.sla_minutes[severity])
    return min(minutes, int(own["minutes"])) if own else minutes


def calendar_of(case: Case) -> Mapping[str, Any]:
    """The calendar by which its clock runs: empty is day and night."""
    own = case.blueprint.jurisdiction_sla.get(case.player.jurisdiction_id)
    calendar: Mapping[str, Any] = own["calendar"] if own else case.blueprint.calendar
    return calendar


def used_seconds(case: Case, *, now: datetime) -> int:
    """Working time used: the stored intervals and the running one."""
    running = working_seconds(calendar_of(case), case.clock_started_at, now) if case.clock_started_at else 0
    return stored_seconds(case) + running


def stored_seconds(case: Case) -> int:
    """Working time of the intervals that have ended."""
    return ClockInterval.objects.filter(case=case).aggregate(sum=Sum("working_seconds"))["sum"] or 0


def start_clock(case: Case, *, now: datetime) -> None:
    """Let it run (or run on, with another SLA); sets fields (`CLOCK`), the caller saves."""
    used = stored_seconds(case) if case.pk else 0
    if case.clock_started_at is None:
        case.clock_started_at = now
    case.due_at = _reached(case, case.clock_started_at, used, percent=100)
    set_urgency(case, used, now=now)


def set_urgency(case: Case, stored: int, *, now: datetime) -> None:
    """Say how near the end of its SLA a case with a running clock is, and when that changes next."""
    started = case.clock_started_at or now
    case.urgency, case.warn_at = Case.Urgency.BREACHED, None
    for level, percent in _LEVELS:
        at = _reached(case, started, stored, percent=percent)
        if now < at:
            case.urgency, case.warn_at = level, at
            return


def _reached(case: Case, started: datetime, stored: int, *, percent: int) -> datetime:
    """When so much of the SLA is used."""
    return add_working(calendar_of(case), started, 60 * case.sla_minutes * percent // 100 - stored)


def stop_clock(case: Case, *, why: str, now: datetime) -> None:
    """Let it stand: what ran is stored for good; sets fields, the caller saves."""
    started = case.clock_started_at
    if started is None:
        return
    ClockInterval.objects.create(
        case=case,
        started_at=started,
        stopped_at=max(now, started),
        why_stopped=why,
        working_seconds=working_seconds(calendar_of(case), started, now),
    )
    case.clock_started_at = case.due_at = case.warn_at = None


def share_used(case: Case, *, now: datetime) -> int:
    """Per cent of the SLA used; above 100 when it is overdue."""
    return 100 * used_seconds(case, now=now) // (60 * case.sla_minutes)


def time_left_text(case: Case, *, now: datetime) -> str:
    """How long until it is due, for people: ``"3 h 20 min left"``."""
    if case.due_at is None:
        return "clock stands" if not case.is_closed else ""
    left = case.due_at - now
    text = span_text(abs(left))
    return f"{text} left" if left > timedelta(0) else f"overdue by {text}"


def span_text(span: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(span.total_seconds()) // 60
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
