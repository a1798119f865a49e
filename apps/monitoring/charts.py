"""Charts of the staff pages as numbers for inline SVG: bars by day, signed bars. No markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH, HEIGHT = 840, 160
_FOOT = 18


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands, how high, and what it says."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


def bars_by_day(days: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Two bars a day, the version's beside the live one's; the largest fills the height."""
    largest = max((max(each["new"], each["live"]) for each in days), default=0)
    step = WIDTH / max(len(days), 1)
    bars = []
    for number, day in enumerate(days):
        for place, kind in enumerate(("new", "live")):
            height = (HEIGHT - _FOOT) * day[kind] / largest if largest else 0
            if height:
                x = number * step + place * step * 0.45
                bars.append(
                    Bar(round(x, 1), round(HEIGHT - _FOOT - height, 1), round(step * 0.4, 1), round(height, 1), kind,
                        f"{day['day']}: {day[kind]} alerts, {'this version' if kind == 'new' else 'live version'}")
                )  # fmt: skip
    labels = [
        {"x": round(number * step, 1), "text": day["day"][5:]}
        for number, day in enumerate(days)
        if number % max(1, len(days) // 10) == 0
    ]
    return {"bars": bars, "labels": labels, "largest": largest, "width": WIDTH, "height": HEIGHT}


def signed_bars(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Contributions as shares of the largest one, with their sign."""
    points = [Decimal(str(part["points"])) for part in parts]
    largest = max((abs(each) for each in points), default=Decimal(0)) or Decimal(1)
    return [
        {
            **part,
            "share": int(100 * abs(each) / largest),
            "is_negative": each < 0,
            "shown": f"{each:+g}" if each else "floor",
        }
        for part, each in zip(parts, points, strict=True)
    ]
