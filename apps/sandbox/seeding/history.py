"""Demo data: two months of play at two providers, so that performance, contracts and invoices have a past to show."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from django.db import transaction

from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations import exchange_log
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.players.operations import Registration
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Game
from apps.reporting.invoicing.months import first_of_month, month_before, next_month
from apps.sandbox.funding import set_balances
from apps.sandbox.seeding.past_calls import PastSeat, bet_at, win_at
from apps.sandbox.seeding.places import AURORA
from apps.sandbox.vendors.catalogue import paytable_of
from apps.transactions.models import AccountKind
from apps.wallets.operations import register_with_wallet

_SEED = 378
_ROUND_PREFIX = "history-"
_GAMES = {
    "hub88": ("nlg_auroranights", "cfx_emberdragon", "cfx_foxtrail", "hmw_starcourier"),
    "caleta": ("tdw_torchoftides", "lln_fruitlantern"),
}
_PLAYS_A_DAY, _ROUNDS_A_DAY = 0.3, 2
_LATE_BY = timedelta(days=9)


@dataclass(frozen=True, slots=True)
class _Gambler:
    """Who plays: cash in main units, and what he bets, in whole units."""

    username: str
    country: str
    currency: str
    cash: str
    stakes: Sequence[int]


_GAMBLERS = (
    _Gambler("mira", "MT", "EUR", "1500", (1, 2, 5)),
    _Gambler("nils", "MT", "SEK", "15000", (10, 20, 50)),
    _Gambler("oskar", "FI", "EUR", "900", (1, 2, 3)),
)


@dataclass(frozen=True, slots=True)
class _Seat:
    """A player at a game, and what he bets there."""

    place: PastSeat
    stakes: Sequence[int]


def seed_history(*, now: datetime) -> None:
    """Have two months and what has passed of this one played, once."""
    if Player.objects.filter(brand__code=AURORA, username=_GAMBLERS[0].username).exists():
        return
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = month_before(month_before(first_of_month(today.date())))
    since = datetime(month.year, month.month, 1, 9, tzinfo=UTC)
    with transaction.atomic():
        players = [(_registered(each, at=since - timedelta(days=30)), each) for each in _GAMBLERS]
        chance, numbers, end = random.Random(_SEED), count(1), today - timedelta(days=2)  # noqa: S311 - no secret
        while since < end:
            after = next_month(since.date())
            seats = [seat for player, who in players for seat in _seats(player, who, since)]
            until = min(datetime(after.year, after.month, 1, tzinfo=UTC), end)
            for each in _rounds(seats, chance, numbers, days=(since, until), end=end):
                _play(each)
            since = datetime(after.year, after.month, 1, 9, tzinfo=UTC)
    exchange_log.flush(10)


def _registered(who: _Gambler, *, at: datetime) -> Player:
    player = register_with_wallet(
        registration=Registration(
            brand=AURORA, username=who.username, password=uuid7().hex, email=f"{who.username}@player.example",
            birth_date=datetime(1985, 6, 2, tzinfo=UTC).date(), country=who.country, currency=who.currency,
            first_name=who.username.title(), last_name="Holm",
        ),
        now=at,
    )  # fmt: skip
    targets = {AccountKind.CASH: Money.parse(who.cash, who.currency), AccountKind.BONUS: Money.zero(who.currency)}
    set_balances(player=player, currency=who.currency, targets=targets, now=at)
    return player


def _seats(player: Player, who: _Gambler, at: datetime) -> Iterator[_Seat]:
    """Sit down at every game."""
    for slug, codes in _GAMES.items():
        integration = Integration.objects.get(slug=slug)
        for game in Game.objects.filter(vendor=slug, code__in=codes).order_by("code"):
            variant = game.rtp_variants.filter(is_default=True).first()
            opened = open_game_session(
                player=player, integration=integration, game=game, currency=who.currency, now=at,
                variant_id=variant.pk if variant else None,
            )  # fmt: skip
            yield _Seat(PastSeat(integration, game, who.currency, opened.token), who.stakes)


@dataclass(frozen=True, slots=True)
class _Round:
    """One round: stake and win in 10⁻⁵ of a unit, and how long after the bet it is won."""

    seat: _Seat
    reference: str
    at: datetime
    stake: int
    won: int
    after: timedelta


def _rounds(
    seats: Sequence[_Seat],
    chance: random.Random,
    numbers: Iterator[int],
    *,
    days: tuple[datetime, datetime],
    end: datetime,
) -> Iterator[_Round]:
    """Draw the history of a month: the same each time it is drawn of the same days."""
    day, until = days
    while day < until:
        for seat in seats:
            if chance.random() > _PLAYS_A_DAY:
                continue
            for _ in range(_ROUNDS_A_DAY):
                at = day + timedelta(minutes=chance.randrange(600))
                stake = chance.choice(seat.stakes) * 100_000
                prize = paytable_of(seat.place.game.vendor, seat.place.game.code).spin(chance).payout(stake)
                # What is won on the last day of a month is paid when that has been invoiced: the next one corrects it.
                is_late = (day + timedelta(days=1)).day == 1 and day + _LATE_BY < end
                after = _LATE_BY if is_late else timedelta(seconds=4)
                yield _Round(seat, f"{_ROUND_PREFIX}{next(numbers):06d}", at, stake, prize, after)
        day += timedelta(days=1)


def _play(each: _Round) -> None:
    bet, win = f"{each.reference}-bet", f"{each.reference}-win"
    seat, currency = each.seat.place, each.seat.place.currency
    if bet_at(each.at, seat, round_ref=each.reference, key=bet, stake=Money.from_scaled(each.stake, 5, currency)):
        prize = Money.from_scaled(each.won, 5, currency)
        win_at(each.at + each.after, seat, round_ref=each.reference, key=win, bet=bet, prize=prize)
