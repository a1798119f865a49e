"""How games did in a time, from the projection. Amounts are never summed or compared over currencies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any, Self

from django.db import connection

_SUMS = ("bets", "staked", "returned", "won", "won_back", "rounds", "winning_rounds")
SORTS: Mapping[str, str] = {
    "title": "title",
    "vendor": "vendor",
    "studio": "studio",
    "currency": "currency",
    "rounds": "rounds",
    "turnover": "staked - returned",
    "wins": "won - won_back",
    "ggr": "staked - returned - won + won_back",
    "rtp": "(won - won_back)::float8 / nullif(staked - returned, 0)",
    "hit_rate": "winning_rounds::float8 / nullif(rounds, 0)",
    "stake": "(staked - returned) / nullif(bets, 0)",
    "change": "(staked - returned - won + won_back) - (p_staked - p_returned - p_won + p_won_back)",
}
"""Columns by which the list is sorted, as expressions over its sums."""
_AMOUNTS = ("turnover", "wins", "ggr", "stake", "change")
DEFAULT_SORT = "-turnover"


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted, in ledger units of one currency."""

    bets: int = 0
    staked: int = 0
    returned: int = 0
    won: int = 0
    won_back: int = 0
    rounds: int = 0
    winning_rounds: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def turnover(self) -> int:
        """Stakes less those given back."""
        return self.staked - self.returned

    @property
    def wins(self) -> int:
        """Less those taken back."""
        return self.won - self.won_back

    @property
    def ggr(self) -> int:
        """Turnover less wins."""
        return self.turnover - self.wins

    @property
    def rtp(self) -> float | None:
        """Wins of turnover."""
        return self.wins / self.turnover if self.turnover > 0 else None

    @property
    def hit_rate(self) -> float | None:
        """Rounds that won anything."""
        return self.winning_rounds / self.rounds if self.rounds > 0 else None

    @property
    def average_stake(self) -> int | None:
        """Turnover by bet, in whole ledger units: for reading only."""
        return self.turnover // self.bets if self.bets > 0 else None


@dataclass(frozen=True, slots=True)
class Row:
    """One game in one currency (and, where asked for, at one brand), and the same time before."""

    game_id: int
    title: str
    vendor: str
    studio: str
    category: str
    currency: str
    sums: Sums
    before: Sums
    brand_id: int | None = None

    @property
    def change(self) -> int:
        """GGR more than in the time before."""
        return self.sums.ggr - self.before.ggr


@dataclass(frozen=True, slots=True)
class Asked:
    """A time (both days in it, UTC) and what to leave out; empty: nothing."""

    since: date
    until: date
    brand_ids: tuple[int, ...] | None = None
    vendor: str = ""
    studio: str = ""
    category: str = ""
    currency: str = ""
    game_id: int | None = None
    title: str = ""

    @property
    def before(self) -> date:
        """First day of the time before, which is as long."""
        return self.since - timedelta(days=(self.until - self.since).days + 1)

    def as_terms(self) -> dict[str, Any]:
        """JSON values; `from_terms` reads them."""
        terms = {each.name: getattr(self, each.name) for each in fields(self)}
        return terms | {"since": self.since.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_terms(cls, terms: Mapping[str, Any]) -> Self:
        """Read what `as_terms` wrote."""
        days = {name: date.fromisoformat(terms[name]) for name in ("since", "until")}
        brand_ids = terms["brand_ids"]
        return cls(**{**terms, **days, "brand_ids": None if brand_ids is None else tuple(brand_ids)})

    def where(self) -> tuple[str, dict[str, Any]]:
        """The condition on days `d` and games `g`, with its values."""
        parts = ["d.day BETWEEN %(before)s AND %(until)s"]
        values: dict[str, Any] = {"before": self.before, "since": self.since, "until": self.until}
        for name, condition in (
            ("vendor", "g.vendor = %(vendor)s"),
            ("studio", "s.code = %(studio)s"),
            ("category", "g.category = %(category)s"),
            ("currency", "d.currency = %(currency)s"),
            ("game_id", "d.game_id = %(game_id)s"),
        ):
            if getattr(self, name):
                parts.append(condition)
                values[name] = getattr(self, name)
        if self.title:
            parts.append("position(lower(%(title)s) IN lower(g.title)) > 0")
            values["title"] = self.title
        if self.brand_ids is not None:
            parts.append("d.brand_id = ANY (%(brands)s::bigint[])")
            values["brands"] = list(self.brand_ids)
        return " AND ".join(parts), values


@dataclass(slots=True)
class Listed:
    """One page of the list, and how many rows there are."""

    rows: list[Row] = field(default_factory=list)
    count: int = 0


def listed(asked: Asked, *, sort: str = DEFAULT_SORT, limit: int, offset: int) -> Listed:
    """One page of games, sorted; amounts are compared within a currency only, the most played currency first."""
    statement, values = _statement(asked, sort)
    found = Listed()
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT %(limit)s OFFSET %(offset)s", values | {"limit": limit, "offset": offset})
        for count, *row in cursor.fetchall():
            found.count = count
            found.rows.append(_row(row))
    return found


def by_brand(asked: Asked) -> list[Row]:
    """Rows of few games by brand too."""
    statement, values = _statement(asked, "title", is_by_brand=True)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [_row(row[1:]) for row in cursor.fetchall()]


def every(asked: Asked) -> Iterator[Row]:
    """All rows by brand too, streamed; must run inside a transaction."""
    statement, values = _statement(asked, "title", is_by_brand=True)
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while chunk := cursor.fetchmany(2_000):
            for _, *row in chunk:
                yield _row(row)


def by_day(asked: Asked) -> dict[str, dict[date, Sums]]:
    """Sums by currency and day, the time before included."""
    where, values = asked.where()
    found: dict[str, dict[date, Sums]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.currency, d.day, {_columns('d.')} FROM reporting_gameday d"  # noqa: S608 - our own names
            " JOIN providers_game g ON g.id = d.game_id JOIN providers_studio s ON s.id = g.studio_id"
            f" WHERE {where} GROUP BY d.currency, d.day",
            values,
        )
        for currency, day, *sums in cursor.fetchall():
            found.setdefault(currency, {})[day] = Sums(*map(int, sums))
    return found


def total(days: Mapping[date, Sums], since: date, until: date) -> Sums:
    """All days from one to another."""
    return sum((sums for day, sums in days.items() if since <= day <= until), Sums())


def _columns(prefix: str) -> str:
    return ", ".join(f"sum({prefix}{name})" for name in _SUMS)


def _statement(asked: Asked, sort: str, *, is_by_brand: bool = False) -> tuple[str, dict[str, Any]]:
    where, values = asked.where()
    now = ", ".join(f"coalesce(sum(d.{name}) FILTER (WHERE d.day >= %(since)s), 0) AS {name}" for name in _SUMS)
    then = ", ".join(f"coalesce(sum(d.{name}) FILTER (WHERE d.day < %(since)s), 0) AS p_{name}" for name in _SUMS)
    brand = "d.brand_id" if is_by_brand else "NULL::bigint"
    grouped = f"""
        SELECT d.game_id, {brand} AS brand_id, d.currency, g.title, g.vendor, g.category, s.name AS studio,
               {now}, {then}
          FROM reporting_gameday d
          JOIN providers_game g ON g.id = d.game_id
          JOIN providers_studio s ON s.id = g.studio_id
         WHERE {where} GROUP BY d.game_id, {brand}, d.currency, g.title, g.vendor, g.category, s.name"""  # noqa: S608 - our own names
    names = ", ".join([*_SUMS, *(f"p_{name}" for name in _SUMS)])
    statement = f"""
        SELECT count(*) OVER (), game_id, brand_id, currency, title, vendor, category, studio, {names}
          FROM ({grouped}) x ORDER BY {_order(sort)}"""  # noqa: S608 - likewise
    return statement, values


def _order(sort: str) -> str:
    name = sort.removeprefix("-")
    expression = SORTS.get(name)
    if expression is None:
        return _order(DEFAULT_SORT)
    direction = "DESC NULLS LAST" if sort.startswith("-") else "ASC NULLS LAST"
    first = "sum(rounds) OVER (PARTITION BY currency) DESC, currency, " if name in _AMOUNTS else ""
    return f"{first}{expression} {direction}, title, game_id, currency, brand_id"


def _row(row: Sequence[Any]) -> Row:
    game_id, brand_id, currency, title, vendor, category, studio, *sums = row
    numbers = [int(each) for each in sums]
    half = len(_SUMS)
    return Row(
        game_id, title, vendor, studio, category, currency, Sums(*numbers[:half]), Sums(*numbers[half:]), brand_id
    )
