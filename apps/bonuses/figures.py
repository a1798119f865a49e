"""What an offer would cost, and what it has cost: figures for staff. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Avg, Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.safestring import SafeString

from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.terms import Amounts, Terms, read_terms
from apps.core.charts import Column, Series, lines, stacked_bars
from apps.core.currencies import currency_spec
from apps.players.models import Player
from apps.providers.models import Game, RtpVariant

DAYS = 30
_USUAL_RTP = 9_600
_BASIS = 10_000
# Each bonus stands in one of these, so that they add up.
_PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "played through": ("#16a34a", ("completed",)),
    "active": ("#2563eb", ("active",)),
    "not taken yet": ("#94a3b8", ("offered",)),
    "lapsed": ("#d97706", ("forfeited", "expired", "cancelled")),
}
_GIVEN, _CASH = "#2563eb", "#16a34a"
_MATCHED = """
SELECT count(*), count(DISTINCT player_id), coalesce(sum(bonus), 0)::bigint
  FROM (SELECT d.player_id, least(d.settled_units * %(percent)s / 100, %(most)s) AS bonus,
               row_number() OVER (PARTITION BY d.player_id ORDER BY d.settled_at, d.id) AS number
          FROM payments_deposit d JOIN players_player p ON p.id = d.player_id
         WHERE d.brand_id = %(brand)s AND d.currency = %(currency)s AND p.jurisdiction_id = ANY (%(laws)s)
           AND d.settled_at >= %(since)s AND d.settled_units >= %(least)s AND NOT p.is_test
           AND (%(new_days)s = 0 OR d.settled_at < p.registered_at + make_interval(days => %(new_days)s))
           AND (%(listed)s::text[] IS NULL OR p.public_id::text = ANY (%(listed)s))) each
 WHERE number <= %(times)s
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an offer would have done over the last days in one currency, ledger units."""

    currency: str
    players: int
    bonuses: int
    given: int
    """If everybody had taken it: more it can not cost."""
    wagered: int
    expected: int
    """Of that, what becomes cash if everybody plays it through and games return what they declare."""
    rtp_basis_points: int


@dataclass(frozen=True, slots=True)
class Uptake:
    """What became of the grants of an offer in one currency, ledger units."""

    currency: str
    offered: int
    taken: int
    completed: int
    given_units: int
    converted_units: int
    taken_back_units: int
    open_units: int

    @property
    def share(self) -> str:
        """Of those offered, how many were taken."""
        return f"{self.taken / self.offered:.0%}" if self.offered else "–"


def preview_of(version: OfferVersion, *, now: datetime) -> list[Preview]:
    """Hold an offer against the last days: who would have had it, and what it would have cost; by currency."""
    terms = read_terms(version.terms)
    return [_preview(version, terms, each, now) for each in terms.amounts.values()]


def uptake_of(offer_id: int) -> list[Uptake]:
    """What became of an offer so far, by currency."""
    taken, done = Q(claimed_at__isnull=False), Q(state=Grant.State.COMPLETED)
    rows = (
        Grant.objects.filter(offer_id=offer_id)
        .values("currency")
        .order_by("currency")
        .annotate(
            offered=Count("pk"),
            taken=Count("pk", filter=taken),
            completed=Count("pk", filter=done),
            given=Sum("amount_units", filter=taken, default=0),
            converted=Sum("converted_units"),
            back=Sum("taken_back_units"),
            open=Sum("amount_units", filter=Q(state=Grant.State.ACTIVE), default=0),
        )
    )
    return [
        Uptake(
            row["currency"], row["offered"], row["taken"], row["completed"], int(row["given"]),
            int(row["converted"]), int(row["back"]), int(row["open"]),
        )
        for row in rows
    ]  # fmt: skip


def charts_of(offer_id: int, *, now: datetime) -> list[SafeString]:
    """What became of the bonuses of each day, and what they cost in each currency."""
    first = (now - timedelta(days=DAYS - 1)).date()
    days = [first + timedelta(days=each) for each in range(DAYS)]
    labels = [f"{day:%d %b}" for day in days]
    grants = Grant.objects.filter(offer_id=offer_id)
    counts = {name: _by_day(grants.filter(state__in=of), "offered_at", first) for name, (_, of) in _PARTS.items()}
    columns = [
        Column(label, {name: counts[name].get(day, 0) for name in _PARTS})
        for day, label in zip(days, labels, strict=True)
    ]
    colours = {name: colour for name, (colour, _) in _PARTS.items()}
    title = f"Bonuses by the day they were offered, number, last {DAYS} days"
    charts = [stacked_bars(columns, colours, title=title)]
    for currency in sorted(set(grants.values_list("currency", flat=True))):
        own, main = grants.filter(currency=currency), 10 ** currency_spec(currency).ledger_exponent
        given = _by_day(own, "claimed_at", first, "amount_units")
        cash = _by_day(own, "ended_at", first, "converted_units")
        series = [
            Series(name, colour, [units.get(day, 0) / main for day in days])
            for name, colour, units in (("given", _GIVEN, given), ("became cash", _CASH, cash))
        ]
        charts.append(lines(labels, series, title=f"Given, and what became cash, by day, {currency}"))
    return charts


def _by_day(grants: QuerySet[Grant], field: str, first: date, units: str = "") -> dict[date, int]:
    total = Sum(units) if units else Count("pk")
    rows = (
        grants.filter(**{f"{field}__date__gte": first})
        .annotate(day=TruncDate(field))
        .values("day")
        .order_by("day")
        .annotate(total=total)
    )
    return {row["day"]: int(row["total"] or 0) for row in rows}


def _preview(version: OfferVersion, terms: Terms, amounts: Amounts, now: datetime) -> Preview:
    bonuses, players, given = (
        _matched(version, terms, amounts, now)
        if version.kind == OfferVersion.Kind.DEPOSIT_MATCH
        else _fixed(version, terms, amounts, now)
    )
    rtp = _rtp_of(terms)
    wagered = terms.required_for(given)
    spec = currency_spec(amounts.currency)
    coin = 10 ** (spec.ledger_exponent - spec.exponent)
    # An estimate, in whole coins: more digits would claim more than is known.
    kept = max(0, given - wagered * (_BASIS - rtp) // _BASIS) // coin * coin
    return Preview(amounts.currency, players, bonuses, given, wagered, kept, rtp)


def _matched(version: OfferVersion, terms: Terms, amounts: Amounts, now: datetime) -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _MATCHED,
            {
                "percent": terms.percent, "most": amounts.most, "brand": version.offer.brand_id,
                "currency": amounts.currency, "laws": list(terms.jurisdictions), "since": now - timedelta(days=DAYS),
                "least": amounts.minimum_deposit, "new_days": terms.new_days, "times": terms.per_player,
                "listed": list(terms.listed) if terms.audience == "listed" else None,
            },
        )  # fmt: skip
        bonuses, players, given = cursor.fetchone()
    return int(bonuses), int(players), int(given)


def _fixed(version: OfferVersion, terms: Terms, amounts: Amounts, now: datetime) -> tuple[int, int, int]:
    players = Player.objects.filter(
        brand_id=version.offer.brand_id, jurisdiction_id__in=terms.jurisdictions, currency=amounts.currency,
        is_test=False, status=Player.Status.ACTIVE,
    )  # fmt: skip
    if terms.audience == "new":
        players = players.filter(registered_at__gte=now - timedelta(days=DAYS))
    elif terms.audience == "listed":
        players = players.filter(public_id__in=terms.listed)
    count = players.count()
    return count, count, count * amounts.most


def _rtp_of(terms: Terms) -> int:
    """What games that count return on average by their vendors' word, basis points."""
    counting = [category for category, share in terms.categories.items() if share]
    games = Game.objects.filter(category__in=counting, is_enabled=True)
    found = RtpVariant.objects.filter(game__in=games, is_default=True).aggregate(mean=Avg("rtp_basis_points"))
    return round(found["mean"] or _USUAL_RTP)
