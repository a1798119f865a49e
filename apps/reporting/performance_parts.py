"""The parts of the pages of performance, in words and pictures. No requests, no permissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Max, Sum
from django.urls import reverse
from django.utils.safestring import SafeString

from apps.brands.models import Brand
from apps.core.admin_display import NOTHING, amount_text, signed_amount_text
from apps.core.charts import Series, lines
from apps.core.currencies import MoneyError, currency_spec
from apps.integrations.models import Integration
from apps.providers.models import Game, GameSession, Round
from apps.reconciliation.charts import Bar, bars
from apps.reporting.expected_return import returns_of, variants_of
from apps.reporting.models import CallDay
from apps.reporting.performance import Asked, Listed, Row, Sums, by_brand, listed, total
from apps.reporting.refusals import most_refused, refused_by_reason, refused_calls
from apps.reporting.rtp_bounds import Judgement

_TOP_GAMES = 8
_MOST_REFUSED = 10
_ROUNDS_SHOWN = 20
# The newest rounds of a game are looked for among so many of all games: the hot table has no index by game.
ROUNDS_SEARCHED = 20_000
_TURNOVER_COLOUR, _GGR_COLOUR = "#2563eb", "#15803d"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """One row in words."""

    row: Row
    url: str
    cells: tuple[str, ...]
    change: str
    is_worse: bool
    expected: str
    is_outside: bool
    refused: str = ""


def shown(found: Listed, asked: Asked, query: str) -> list[Shown]:
    """
    Rows of the list in words, with what games should return.

    :param query: of the page's address, handed on to the pages of games
    """
    games = [row.game_id for row in found.rows]
    judged, refused = returns_of(games, asked), refused_calls(asked, games)
    return [
        _words(row, judged.get(row.game_id), query, refused.get((row.game_id, row.currency), 0)) for row in found.rows
    ]


def _words(row: Row, judgement: Judgement | None, query: str, refused: int = 0) -> Shown:
    sums, currency = row.sums, row.currency
    cells = (
        f"{sums.rounds:,}", _plain(sums.turnover, currency), _plain(sums.wins, currency), _plain(sums.ggr, currency),
        share(sums.rtp), share(sums.hit_rate, 1), _stake(sums, currency).removesuffix(f" {currency}"),
    )  # fmt: skip
    url = _page_of(row.game_id, query)
    change = signed_amount_text(row.change, currency).removesuffix(f" {currency}")
    return Shown(
        row, url, cells, change, row.change < 0, expected_words(judgement), bool(judgement and judgement.direction),
        f"{refused:,}",
    )  # fmt: skip


def _page_of(game_id: int, query: str) -> str:
    return f"{reverse('admin:reporting_performance_game', args=[game_id])}?{query}"


def _plain(units: int, currency: str) -> str:
    """An amount without its currency, which has a column of its own."""
    return amount_text(units, currency).removesuffix(f" {currency}")


def expected_words(judgement: Judgement | None) -> str:
    """The declared return and how far from it chance may lead in so many rounds."""
    if judgement is None:
        return NOTHING
    if judgement.tolerance is None:
        return share(judgement.declared)
    return f"{share(judgement.declared)} ± {judgement.tolerance * 100:.2f}"


def share(value: float | None, decimals: int = 2) -> str:
    """A share in per cent."""
    return NOTHING if value is None else f"{value * 100:.{decimals}f} %"


def _stake(sums: Sums, currency: str) -> str:
    """To the currency's decimals, which is what people read."""
    average = sums.average_stake
    if average is None:
        return NOTHING
    try:
        spec = currency_spec(currency)
    except MoneyError:
        return amount_text(average, currency)
    step = int(10 ** (spec.ledger_exponent - spec.exponent))
    return amount_text(round(average / step) * step, currency)


def totals(days: Mapping[str, Mapping[date, Sums]], asked: Asked) -> list[dict[str, Any]]:
    """One row a currency that was played in the time or before."""
    return [_total(currency, of, asked) for currency, of in sorted(days.items())]


def _total(currency: str, days: Mapping[date, Sums], asked: Asked) -> dict[str, Any]:
    sums, before = total(days, asked.since, asked.until), total(days, asked.before, asked.since - _DAY)
    change = sums.ggr - before.ggr
    return {
        "currency": currency,
        "rounds": f"{sums.rounds:,}",
        "turnover": amount_text(sums.turnover, currency),
        "turnover_before": amount_text(before.turnover, currency),
        "wins": amount_text(sums.wins, currency),
        "ggr": amount_text(sums.ggr, currency),
        "ggr_before": amount_text(before.ggr, currency),
        "change": signed_amount_text(change, currency),
        "is_worse": change < 0,
        "rtp": share(sums.rtp),
        "hit_rate": share(sums.hit_rate, 1),
        "stake": _stake(sums, currency),
    }


def main_currency(days: Mapping[str, Mapping[date, Sums]], asked: Asked) -> str:
    """The currency with the most rounds, in which charts are drawn; empty if nothing was played."""
    counted = {currency: total(of, asked.since, asked.until).rounds for currency, of in days.items()}
    return max(sorted(counted), key=lambda currency: counted[currency], default="")


def chart(days: Mapping[str, Mapping[date, Sums]], asked: Asked) -> SafeString | str:
    """Turnover and GGR by day in the currency that was played most; empty if nothing was."""
    currency = main_currency(days, asked)
    if not currency:
        return ""
    try:
        scale = currency_spec(currency).ledger_scale
    except MoneyError:
        scale = 1
    count = (asked.until - asked.since).days + 1
    every_day = [date.fromordinal(asked.since.toordinal() + place) for place in range(count)]
    sums = [days[currency].get(day, Sums()) for day in every_day]
    series = (
        Series("turnover", _TURNOVER_COLOUR, [each.turnover / scale for each in sums]),
        Series("GGR", _GGR_COLOUR, [each.ggr / scale for each in sums]),
    )
    return lines([f"{day:%d %b}" for day in every_day], series, title=f"Turnover and GGR by day, {currency}")


def top_games(asked: Asked) -> tuple[str, list[Bar]]:
    """The currency that was played most, and the games that brought most in it."""
    rows = listed(asked, sort="-ggr", limit=_TOP_GAMES, offset=0).rows
    currency = rows[0].currency if rows else ""
    best = [row for row in rows if row.currency == currency and row.sums.ggr > 0]
    return currency, bars((row.title, amount_text(row.sums.ggr, currency), row.sums.ggr, "good", "") for row in best)


def vendors(asked: Asked, brands_served: Sequence[Brand]) -> list[dict[str, Any]]:
    """How all calls of the vendors went, those too that are about no game."""
    known = Integration.objects.filter(kind=Integration.Kind.GAMES)
    codes = [each.code for each in brands_served if asked.brand_ids is None or each.pk in asked.brand_ids]
    chosen = {each.pk: each for each in known.filter(brand_code__in=codes) if asked.vendor in ("", each.vendor)}
    counted = (
        CallDay.objects.filter(day__gte=asked.since, day__lte=asked.until, integration_id__in=chosen)
        .order_by()
        .values_list("integration_id")
        .annotate(Sum("calls"), Sum("refused"), Sum("failed"))
    )
    return [
        {
            "integration": chosen[pk],
            "calls": f"{calls:,}",
            "refused": f"{refused:,}",
            "refused_share": share(refused / calls if calls else None),
            "failed": f"{failed:,}",
            "failed_share": share(failed / calls if calls else None),
            "is_bad": failed > 0,
        }
        for pk, calls, refused, failed in sorted(counted, key=lambda each: chosen[each[0]].slug)
    ]


def refused_games(asked: Asked, query: str) -> list[dict[str, Any]]:
    """
    Games with the most refused wallet calls, each with the reasons in words.

    :param query: of the page's address, handed on to the pages of games
    """
    return [
        {
            "title": each.title,
            "vendor": each.vendor,
            "url": _page_of(each.game_id, query),
            "calls": f"{each.calls:,}",
            "reasons": ", ".join(f"{reason_words(outcome)} {calls:,}" for outcome, calls in each.outcomes),
        }
        for each in most_refused(asked, limit=_MOST_REFUSED)
    ]


def refused_reasons(asked: Asked, brands_served: Sequence[Brand]) -> list[dict[str, Any]]:
    """Why calls of one game were refused, by brand."""
    names = {each.pk: each.name for each in brands_served}
    return [
        {
            "brand": names.get(each.brand_id, each.brand_id),
            "reason": reason_words(each.outcome),
            "calls": f"{each.calls:,}",
            "last": each.last,
        }
        for each in refused_by_reason(asked)
    ]


def reason_words(outcome: str) -> str:
    """An outcome of a wallet call for people."""
    return outcome.replace("_", " ")


def brands(asked: Asked, brands_served: Sequence[Brand]) -> list[dict[str, Any]]:
    """What each brand brought, by currency."""
    names = {each.pk: each.name for each in brands_served}
    return [
        {"brand": names.get(row.brand_id or 0, row.brand_id), "shown": _words(row, None, "")} for row in by_brand(asked)
    ]


def variants(game: Game, asked: Asked) -> list[dict[str, Any]]:
    """What the rounds of each variant returned, beside what was declared."""
    return [
        {
            "name": each.declared.variant.code if each.declared and each.declared.variant else "not known",
            "declared": share(each.declared.rtp if each.declared else None),
            "rounds": f"{each.measured.rounds:,}",
            "measured": share(each.measured.rtp),
        }
        for each in variants_of([game.pk], asked).get(game.pk, [])
    ]


def players(game: Game, asked: Asked) -> int:
    """How many players launched it, by the sessions' own days."""
    rows = GameSession.objects.filter(
        game=game, mode=GameSession.Mode.REAL, created_at__date__gte=asked.since, created_at__date__lte=asked.until
    )
    if asked.brand_ids is not None:
        rows = rows.filter(brand_id__in=asked.brand_ids)
    return rows.order_by().values("player_id").distinct().count()


def newest_rounds(game: Game, asked: Asked) -> list[Round]:
    """The last of them, where they are among the last of all."""
    newest = Round.objects.order_by().aggregate(newest=Max("id"))["newest"] or 0
    rows = Round.objects.filter(id__gt=newest - ROUNDS_SEARCHED, game_id=game.pk)
    if asked.brand_ids is not None:
        rows = rows.filter(brand_id__in=asked.brand_ids)
    return list(rows.order_by("-id")[:_ROUNDS_SHOWN])
