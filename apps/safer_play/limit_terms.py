"""What a limit can be: its terms, filled in by law and custom, and what there is no limit of."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.models import Limit

Kind, Period = Limit.Kind, Limit.Period
_PERIODS: dict[str, frozenset[str]] = {
    Kind.DEPOSIT: frozenset({Period.DAY, Period.WEEK, Period.MONTH}),
    Kind.LOSS: frozenset({Period.DAY, Period.WEEK, Period.MONTH}),
    Kind.WAGER: frozenset({Period.DAY, Period.WEEK, Period.MONTH}),
    Kind.SESSION: frozenset({Period.NONE, Period.DAY, Period.WEEK, Period.MONTH}),
    Kind.STAKE: frozenset({Period.NONE}),
}


class LimitNotPossible(DomainError):
    """There is no limit of that kind, period and unit; the text says what is missing or too much."""

    code: ClassVar[str] = "limit-not-possible"
    title: ClassVar[str] = "There is no such limit"
    status: ClassVar[int] = 422


class LimitAboveCap(DomainError):
    """The law caps this limit; `cap` is the highest amount it allows."""

    code: ClassVar[str] = "limit-above-cap"
    title: ClassVar[str] = "The law does not allow so high a limit"
    status: ClassVar[int] = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a limit is to be. `money` or `minutes`, or neither to remove it."""

    kind: str
    period: str = ""
    currency: str = ""
    money: Money | None = None
    minutes: int | None = None
    window: str = ""
    basis: str = ""

    @property
    def is_removal(self) -> bool:
        """Nothing is said of how much."""
        return self.money is None and self.minutes is None

    @property
    def size(self) -> int:
        """Units or seconds."""
        return self.money.units if self.money is not None else 60 * (self.minutes or 0)


def completed(player: Player, terms: Terms, now: datetime) -> Terms:
    """Fill in what law or custom says where the request says nothing."""
    is_deposit = terms.kind == Kind.DEPOSIT
    currency = (
        ""
        if terms.kind == Kind.SESSION
        else (terms.money.currency if terms.money else terms.currency or player.currency)
    )
    window = (rules.deposit_window(player, now) if is_deposit else None) or terms.window or Limit.Window.CALENDAR
    default_basis = Limit.Basis.NET if terms.kind == Kind.LOSS else Limit.Basis.GROSS
    basis = (rules.deposit_basis(player, now) or terms.basis or default_basis) if is_deposit else default_basis
    return Terms(
        kind=terms.kind,
        period=terms.period,
        currency=currency,
        money=terms.money,
        minutes=terms.minutes,
        window=str(window),
        basis=str(basis),
    )


def require_possible(player: Player, terms: Terms, now: datetime) -> None:
    """
    Refuse what there is no limit of, or what the law does not allow.

    :raises LimitNotPossible: if kind, period and unit do not go together
    :raises LimitAboveCap: if the law allows less
    """
    if terms.kind not in _PERIODS or terms.period not in _PERIODS[terms.kind]:
        raise LimitNotPossible(f"A {terms.kind} limit has no period {terms.period!r}.")
    is_time = terms.kind == Kind.SESSION
    if not terms.is_removal and (terms.minutes is None if is_time else terms.money is None):
        raise LimitNotPossible("A session limit takes minutes, every other an amount.")
    if is_time and terms.money is not None:
        raise LimitNotPossible("A session limit takes minutes and no amount.")
    if terms.kind == Kind.DEPOSIT and terms.money is not None:
        for cap in rules.statutory_caps(player, now):
            if cap.period == terms.period and cap.money.currency == terms.currency and terms.money > cap.money:
                raise LimitAboveCap(f"At most {cap.money} a {cap.period}.", extensions={"cap": cap.money.to_json()})
