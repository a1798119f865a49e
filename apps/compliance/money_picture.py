"""A player's money as a case page shows it: sums over windows, and a chart of the last weeks. Reads sums by day."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Min, Q, Sum

from apps.compliance.models.pictures import MoneyDay
from apps.core.admin_display import amount_text, signed_amount_text

SHOWN_DAYS = 42
_SUMS = ("paid_in", "taken_back", "paid_out", "staked", "won", "bets")
_WINDOWS = (("today", 0), ("d7", 6), ("d30", 29))


@dataclass(slots=True)
class MoneyPicture:
    """All of it, by currency."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    charts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no money has ever moved."""
        return not self.rows


def follow_money() -> int | None:
    """Bring the sums up to the ledger's last final transaction; None when another worker is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT compliance_follow_money()")
        (count,) = cursor.fetchone()
    return None if count is None else int(count)


def money_picture(player_id: int, *, today: date) -> MoneyPicture:
    """Sums and chart of a player; two queries, whatever was played."""
    rows = MoneyDay.objects.filter(player_id=player_id).order_by()
    windows = {
        f"{name}_{column}": Sum(column, filter=Q(day__gte=today - timedelta(days=back)), default=0)
        for name, back in _WINDOWS
        for column in _SUMS
    }
    life = {f"life_{column}": Sum(column) for column in _SUMS}
    sums = rows.values("currency").annotate(since=Min("day"), **windows, **life).order_by("currency")
    picture = MoneyPicture(rows=[_by_window(dict(row)) for row in sums])
    first = today - timedelta(days=SHOWN_DAYS - 1)
    by_currency: dict[str, dict[date, tuple[int, int, int]]] = defaultdict(dict)
    recent = rows.filter(day__gte=first).annotate(lost=F("staked") - F("won"))
    for currency, day, paid_in, paid_out, lost in recent.values_list("currency", "day", "paid_in", "paid_out", "lost"):
        by_currency[currency][day] = (paid_in, paid_out, lost)
    picture.charts = [money_chart(currency, days, first) for currency, days in sorted(by_currency.items())]
    return picture


def _by_window(row: dict[str, Any]) -> dict[str, Any]:
    """One currency's sums as lines of a table: today, 7 and 30 days, all time."""
    currency = row["currency"]
    lines = []
    for name, title in (("today", "Today"), ("d7", "7 days"), ("d30", "30 days"), ("life", "All time")):
        value = {column: row[f"{name}_{column}"] or 0 for column in _SUMS}
        net = value["paid_in"] - value["taken_back"] - value["paid_out"]
        kept = value["paid_in"] - value["taken_back"]
        lines.append(
            {
                "title": title,
                "paid_in": amount_text(value["paid_in"], currency),
                "paid_out": amount_text(value["paid_out"], currency),
                "net": signed_amount_text(net, currency),
                "lost": amount_text(value["staked"] - value["won"], currency),
                "staked": amount_text(value["staked"], currency),
                "bets": value["bets"],
                "turnover": f"{value['staked'] / kept:.1f}×" if kept > 0 else "–",
                "out_ratio": f"{100 * value['paid_out'] / kept:.0f} %" if kept > 0 else "–",
            }
        )
    return {"currency": currency, "since": row["since"], "lines": lines}


def money_chart(currency: str, days: dict[date, tuple[int, int, int]], first: date) -> dict[str, Any]:
    """Bars of what came in (up) and went out (down) by day, for an SVG of 840 × 180 units."""
    span = [first + timedelta(days=number) for number in range(SHOWN_DAYS)]
    most = max([1, *(value for day in days.values() for value in day[:2])])
    width = 840 / SHOWN_DAYS
    bars = []
    for number, day in enumerate(span):
        paid_in, paid_out, lost = days.get(day, (0, 0, 0))
        bars.append(
            {
                "x": round(number * width, 2),
                "width": round(width - 3, 2),
                "in_y": round(90 - 80 * max(paid_in, 0) / most, 2),
                "in_height": round(80 * max(paid_in, 0) / most, 2),
                "out_height": round(80 * max(paid_out, 0) / most, 2),
                "day": day,
                "words": (
                    f"{day:%d %b}: in {amount_text(paid_in, currency)}, out {amount_text(paid_out, currency)},"
                    f" lost in play {amount_text(lost, currency)}"
                ),
                "label": f"{day:%d %b}" if number % 7 == 0 else "",
            }
        )
    return {"currency": currency, "bars": bars, "most": amount_text(most, currency)}
