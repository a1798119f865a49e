"""The look taken every minute: which games return more or less than chance explains. Opens alerts, keeps evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from prometheus_client import Gauge

from apps.brands.models import Brand
from apps.integrations.outbox import record_fact
from apps.reporting.models import RtpAlert, RtpEvidence
from apps.reporting.rtp_bounds import ALARMS_A_GAME, Judgement, judge
from apps.reporting.rtp_measuring import Cell, Declared, declared_of, measured_cells, total, variants_changed

log = structlog.get_logger(__name__)

_PPM = 1_000_000
_BANDS_AND_CHANNELS = 4 * 2
SPANS = ("life", "month")
# A look may be missed; the next one takes what it would have seen.
_LOOK_BACK = timedelta(minutes=15)
OPEN = Gauge("casino_rtp_alerts_open", "Open alerts about return to player", multiprocess_mode="mostrecent")


@dataclass(frozen=True, slots=True)
class Standing:
    """One cell (None: all together) of a game in one span, judged."""

    span: str
    since: date
    cell: Cell | None
    judgement: Judgement


def chances(brands: int) -> tuple[float, float]:
    """
    Share a game's chance of a false alarm out: to all rounds together, and to each of its cells.

    Half goes to the whole, half to the cells, of which each brand may have eight; both in two spans.
    """
    whole = ALARMS_A_GAME / 2 / len(SPANS)
    return whole, whole / (_BANDS_AND_CHANNELS * max(brands, 1))


def standings(declared: Declared, *, brands: int, now: datetime) -> Iterator[Standing]:
    """Judge a game as a whole and in each cell: since measuring began, and in this month alone."""
    for_whole, for_cell = chances(brands)
    for span, since in (("life", declared.since), ("month", now.date().replace(day=1))):
        cells = measured_cells(declared, since=since)
        parts = [(None, total(cells), for_whole), *((cell, cells[cell], for_cell) for cell in sorted(cells))]
        for cell, measured, chance in parts:
            judgement = judge(measured, declared=declared.rtp, deviation=declared.deviation, alarm_chance=chance)
            yield Standing(span, max(since, declared.since), cell, judgement)


def watch_rtp(*, now: datetime, everything: bool = False) -> list[RtpAlert]:
    """
    Judge every game that was played lately; returns the alerts that were opened.

    :param everything: also games that were not played lately
    """
    opened = []
    brands = list(Brand.objects.order_by("pk").values_list("code", flat=True))
    for declared in declared_of(variants_changed(since=None if everything else now - _LOOK_BACK)):
        outside = [each for each in standings(declared, brands=len(brands), now=now) if each.judgement.direction]
        for direction in ("high", "low"):
            found = [each for each in outside if each.judgement.direction == direction]
            if found:
                alert, is_new = _alert(declared, direction, found, brands, now=now)
                opened += [alert] if is_new else []
    OPEN.set(RtpAlert.objects.filter(state__in=("open", "taken")).count())
    return opened


@transaction.atomic
def _alert(
    declared: Declared, direction: str, found: list[Standing], brands: list[str], *, now: datetime
) -> tuple[RtpAlert, bool]:
    worst = max(found, key=lambda each: each.judgement.measured.rounds).judgement
    alert, is_new = RtpAlert.objects.get_or_create(
        game=declared.game,
        variant=declared.variant,
        direction=direction,
        state__in=("open", "taken"),
        defaults={
            "declared_ppm": round(declared.rtp * _PPM),
            "measured_ppm": round((worst.measured.rtp or 0) * _PPM),
            "rounds": worst.measured.rounds,
            "opened_at": now,
        },
    )
    RtpEvidence.objects.bulk_create([_evidence(alert, each, now=now) for each in found], ignore_conflicts=True)
    if is_new:
        _tell(alert, brands, now=now)
        log.error("rtp_alert", game=declared.game.public_code, direction=direction, rounds=alert.rounds)
    return alert, is_new


def _evidence(alert: RtpAlert, seen: Standing, *, now: datetime) -> RtpEvidence:
    judgement, cell = seen.judgement, seen.cell
    return RtpEvidence(
        alert=alert,
        span=seen.span,
        band=cell.band if cell else "",
        channel=cell.channel if cell else "",
        brand_id=cell.brand_id if cell else None,
        day=now.date(),
        since=seen.since,
        rounds=judgement.measured.rounds,
        measured_ppm=round((judgement.measured.rtp or 0) * _PPM),
        declared_ppm=round(judgement.declared * _PPM),
        tolerance_ppm=round((judgement.tolerance or 0) * _PPM),
        deviation=round(judgement.deviation, 6),
        alarm_chance=round(judgement.alarm_chance, 10),
        seen_at=now,
    )


def _tell(alert: RtpAlert, brands: list[str], *, now: datetime) -> None:
    data = {
        "game": alert.game.public_code,
        "direction": alert.direction,
        "declared": f"{alert.declared_ppm / _PPM:.4f}",
        "measured": f"{alert.measured_ppm / _PPM:.4f}",
        "rounds": alert.rounds,
    }
    for brand in brands:
        record_fact(kind="games.rtp.alerted", brand_code=brand, subject=str(alert.public_id), data=data, now=now)
