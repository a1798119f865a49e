"""Charts of the staff site as SVG, drawn on the server: they need no script, print well, and read aloud."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 10, 24
_MOST_LABELS = 8
_DASH = 4
_MEASURED, _EXPECTED, _BAND = "#2563eb", "#64748b", "#9ac5b8"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label (a time, a day), and its parts by name, from the bottom up."""

    label: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name, CSS colour, and a value for each label; None leaves a gap."""

    name: str
    colour: str
    values: Sequence[float | None]


def stacked_bars(columns: Sequence[Column], colours: Mapping[str, str], *, title: str) -> SafeString:
    """
    Draw stacked columns.

    :param colours: CSS colour by part; parts are stacked in this order, those not named here are left out
    :param title: what the chart shows, with its unit
    """
    top = _ceiling(max((sum(column.parts.get(name, 0) for name in colours) for column in columns), default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(columns), 1)
    bars = []
    for place, column in enumerate(columns):
        base = 0.0
        for name, colour in colours.items():
            value = column.parts.get(name, 0)
            if value:
                y, height = _y(base + value, top), _y(base, top) - _y(base + value, top)
                bars.append(
                    (
                        _LEFT + place * step + step * 0.1,
                        y,
                        step * 0.8,
                        max(height, 1),
                        colour,
                        column.label,
                        name,
                        _short(value),
                    )
                )
                base += value
    drawn = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"><title>{} · {}: {}</title></rect>',
        _rounded(bars),
    )
    return _frame(drawn, [column.label for column in columns], top, title, colours)


def lines(labels: Sequence[str], series: Sequence[Series], *, title: str) -> SafeString:
    """Draw lines over the same labels, below zero too; `title` says what they show, with the unit."""
    known = [value for each in series for value in each.values if value is not None]
    top, depth = _ceiling(max(known, default=0)), -min(0.0, *known, 0.0)
    depth = _ceiling(depth) if depth else 0.0
    step = (WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    raised = [[None if value is None else value + depth for value in each.values] for each in series]
    paths = [(_path(values, step, top + depth), each.colour) for values, each in zip(raised, series, strict=True)]
    drawn = format_html_join("", '<path d="{}" fill="none" stroke="{}" stroke-width="2"></path>', paths)
    ticks = [(0, f"−{_short(depth)}"), (depth, "0"), (top + depth, _short(top))] if depth else ()
    return _frame(drawn, labels, top + depth, title, {each.name: each.colour for each in series}, ticks)


@dataclass(frozen=True, slots=True)
class Banded:
    """One place of a chart with a band: what was measured and between what it may lie; None where it is not known."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


def band(places: Sequence[Banded], *, expected: float, title: str, unit: str = "") -> SafeString:
    """
    Draw a measurement inside the band in which chance leaves it, around what is expected.

    The axis shows only the range that matters, not zero; `title` says what is shown, with the unit.
    """
    known = [number for each in places for number in (each.value, each.low, each.high) if number is not None]
    floor, top = min([expected, *known]), max([expected, *known])
    margin = (top - floor) * 0.08 or 1.0
    floor, top = floor - margin, top + margin
    step = (WIDTH - _LEFT - _RIGHT) / max(len(places), 1)
    spots = [
        (_LEFT + (place + 0.5) * step, _y(each.low - floor, top - floor), _y(each.high - floor, top - floor))
        for place, each in enumerate(places)
        if each.low is not None and each.high is not None
    ]
    if spots:
        # A day is as wide as its place: the band of a single one is seen too.
        (first, *edges), last = spots[0], spots[-1]
        spots = [(first - step / 2, edges[0], edges[1]), *spots, (last[0] + step / 2, last[1], last[2])]
    outline = [*((x, high) for x, _, high in spots), *((x, low) for x, low, _ in reversed(spots))]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
    values = [None if each.value is None else each.value - floor for each in places]
    drawn = format_html(
        '<polygon points="{}" fill="{}" opacity="0.35"></polygon>'
        '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-dasharray="4 4"></line>'
        '<path d="{}" fill="none" stroke="{}" stroke-width="2"></path>',
        points, _BAND, _LEFT, WIDTH - _RIGHT, *[f"{_y(expected - floor, top - floor):.1f}"] * 2, _EXPECTED,
        _path(values, step, top - floor), _MEASURED,
    )  # fmt: skip
    ticks = [(share * (top - floor), f"{floor + share * (top - floor):.1f}{unit}") for share in (0, 0.5, 1)]
    colours = {"measured": _MEASURED, "declared": _EXPECTED, "chance explains": _BAND}
    return _frame(drawn, [each.label for each in places], top - floor, title, colours, ticks)


def _path(values: Sequence[float | None], step: float, top: float) -> str:
    """Join neighbours; a value without neighbours is a dash."""
    commands, is_pen_down = [], False
    for place, value in enumerate(values):
        if value is None:
            is_pen_down = False
            continue
        x, y = _LEFT + (place + 0.5) * step, _y(value, top)
        if not is_pen_down and (place + 1 == len(values) or values[place + 1] is None):
            commands.append(f"M{x - _DASH:.1f} {y:.1f} h{2 * _DASH}")  # alone: a line needs two
            continue
        commands.append(f"{'L' if is_pen_down else 'M'}{x:.1f} {y:.1f}")
        is_pen_down = True
    return " ".join(commands)


def _frame(
    drawn: SafeString,
    labels: Sequence[str],
    top: float,
    title: str,
    colours: Mapping[str, str],
    ticks: Sequence[tuple[float, str]] = (),
) -> SafeString:
    """Put axis, labels and legend around what is drawn; `ticks` are other marks than zero, half and whole."""
    step = (WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    every = max(1, -(-len(labels) // _MOST_LABELS))
    marks = [
        (f"{_LEFT + (place + 0.5) * step:.1f}", HEIGHT - 6, label)
        for place, label in enumerate(labels)
        if place % every == 0
    ]
    ticks = ticks or [(top * share, _short(top * share)) for share in (0, 0.5, 1)]
    rules = [(_LEFT, WIDTH - _RIGHT, f"{_y(value, top):.1f}", text) for value, text in ticks]
    legend = format_html_join(
        "",
        '<span class="staff-key"><i style="background:{}"></i>{}</span>',
        [(each[1], each[0]) for each in colours.items()],
    )
    grid = format_html_join(
        "",
        '<line x1="{0}" x2="{1}" y1="{2}" y2="{2}" class="rule"></line><text x="{3}" y="{2}" class="tick">{4}</text>',
        [(x1, x2, y, _LEFT - 6, text) for x1, x2, y, text in rules],
    )
    below = format_html_join("", '<text x="{}" y="{}" class="label">{}</text>', marks)
    return format_html(
        '<figure class="staff-chart"><figcaption>{0} {5}</figcaption>'
        '<svg viewBox="0 0 {1} {2}" role="img" aria-label="{0}">{3}{4}{6}</svg></figure>',
        title, WIDTH, HEIGHT, grid, drawn, legend, below,
    )  # fmt: skip


def _y(value: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _ceiling(value: float) -> float:
    """The next round number, so that the axis reads well: 1, 2 or 5 times a power of ten."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value > 0:
        power /= 10
    return next((power * factor for factor in (1, 2, 5, 10) if power * factor >= value), 1.0) or 1.0


def _short(value: float) -> str:
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit * 10:
            return f"{value / limit:.0f}{sign}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _rounded(bars: Sequence[tuple[float, float, float, float, str, str, str, str]]) -> list[tuple[object, ...]]:
    """A tenth of a pixel is enough."""
    return [(*(round(number, 1) for number in bar[:4]), *bar[4:]) for bar in bars]
