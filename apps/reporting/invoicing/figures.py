"""Figures of a month from the projection, and their proof against the ledger."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from apps.core.models import ClockOffset
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.providers.models import Game
from apps.reporting.following import follow_revenue
from apps.reporting.invoicing.access import LedgerDiffers, UnableToDraw
from apps.reporting.invoicing.reckoning import Figures
from apps.reporting.models import Revenue

JACKPOT_FEATURE = "jackpot"
# Ids carry the time at which they were made; clocks of several machines differ by less.
_SKEW = timedelta(days=2)
_SUMS = {
    "stakes": Sum(F("staked") - F("returned")),
    "wins": Sum(F("won") - F("won_back")),
    "bonus_stakes": Sum("bonus_staked"),
    "bonus_wins": Sum("bonus_won"),
    "free_wins": Sum("free_won"),
}


def figures_of(
    integration: Integration,
    *,
    starts_at: datetime,
    ends_at: datetime,
    cut_off: datetime,
    known: Iterable[Mapping[str, Any]] = (),
) -> list[Figures]:
    """
    What rounds that were opened in a time had brought by the cut-off, by game and currency.

    :param known: figures of an earlier look: their games keep the studio and category they had then
    """
    rows = (
        Revenue.objects.filter(
            integration_id=integration.pk, opened__gte=starts_at, opened__lt=ends_at, posted__lt=cut_off
        )
        .order_by()
        .values("game_id", "currency")
        .annotate(**_SUMS)
    )
    games = Game.objects.select_related("studio").in_bulk({row["game_id"] for row in rows})
    then = {each["game"]: each for each in known}
    found = [_figures(games[row["game_id"]], row, then) for row in rows]
    return sorted(found, key=lambda each: (each.game, each.currency))


def _figures(game: Game, row: Mapping[str, Any], then: Mapping[str, Mapping[str, Any]]) -> Figures:
    was = then.get(game.public_code, {})
    return Figures(
        game=game.public_code,
        studio=was.get("studio", game.studio.code),
        category=was.get("category", game.category),
        has_jackpot=was.get("has_jackpot", JACKPOT_FEATURE in game.features),
        currency=row["currency"],
        staked=int(row["stakes"]),
        won=int(row["wins"]),
        bonus_staked=int(row["bonus_stakes"]),
        bonus_won=int(row["bonus_wins"]),
        free_won=int(row["free_wins"]),
    )


def bring_up_to_date() -> None:
    """Follow the ledger to its end, so that what was posted before now is in the projection."""
    follow_revenue()


def prove(integration: Integration, *, starts_at: datetime, cut_off: datetime) -> dict[str, int]:
    """
    Compare the projection with the provider's account over a time, by what was posted; returns GGR by currency.

    Holds the projection's cursor until the transaction ends, so that both sides stand at the same point of the ledger.

    :raises LedgerDiffers: naming currency, both figures and the difference
    :raises UnableToDraw: if postings of the time have not been followed yet
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a proof needs a transaction to hold the cursor in")
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_xact FROM transactions_cursor WHERE name = 'reporting-revenue' FOR UPDATE")
        found = cursor.fetchone()
        offset = ClockOffset.objects.values_list("clock_offset", flat=True).first() or timedelta(0)
        cursor.execute(
            "SELECT currency, units, behind FROM reporting_ledger_revenue(%s, %s, %s, core_uuid7_floor(%s), %s)",
            [integration.pk, starts_at, cut_off, starts_at - offset - _SKEW, found[0] if found else 0],
        )
        ledger = {currency: (int(units), behind) for currency, units, behind in cursor.fetchall()}
    if any(behind for _, behind in ledger.values()):
        raise UnableToDraw("Postings of the time are still being counted; try again in a minute.")
    rows = (
        Revenue.objects.filter(integration_id=integration.pk, posted__gte=starts_at, posted__lt=cut_off)
        .order_by()
        .values_list("currency")
        .annotate(units=Sum(F("staked") - F("returned") - F("won") + F("won_back")))
    )
    projected = {currency: int(units) for currency, units in rows}
    sums = {currency: units for currency, (units, _) in ledger.items()}
    for currency in sorted({*projected, *sums}):
        ours, theirs = projected.get(currency, 0), sums.get(currency, 0)
        if ours != theirs:
            raise LedgerDiffers(
                f"{integration.slug} in {currency}: the projection says {_text(ours, currency)}, the provider's account"
                f" {_text(theirs, currency)}; they differ by {_text(ours - theirs, currency)}."
            )
    return dict(sorted(projected.items()))


def _text(units: int, currency: str) -> str:
    return Money(units, currency).format()
