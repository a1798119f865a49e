"""Speaks to the SQL wallet function directly: lays a table, seats players, sends commands alone or in batches."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from apps.brands.models import Brand, Jurisdiction
from apps.core.ids import new_token, token_digest, uuid7
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game, GameSession, GameSessionToken, Studio
from apps.providers.wallet_calls import WalletCall
from apps.transactions.models import TransactionKind
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COIN = 10_000
"""Ledger units of a cent."""

_KINDS = {"debit": TransactionKind.BET, "credit": TransactionKind.WIN, "rollback": TransactionKind.ROLLBACK}


@dataclass(frozen=True)
class Table:
    """A brand with one connected vendor and one game."""

    brand: Brand
    integration: Integration
    game: Game


@dataclass(frozen=True)
class Seat:
    """A player's session in one currency."""

    table: Table = field(repr=False)
    player_id: int
    currency: str
    token: bytes = field(repr=False)
    cash: int
    """Account ids."""
    bonus: int
    restricted: int


@dataclass(frozen=True)
class Command:
    """What a vendor asks; amounts in ledger units."""

    verb: str
    seat: Seat
    key: str
    amount: int = 0
    reference: str | None = None
    round_ref: str = "r"
    close_round: bool = False
    draw: tuple[str, ...] = ("cash",)
    names_currency: bool = True
    needs_reference: bool = True

    @property
    def terms(self) -> tuple[Any, ...]:
        """What makes two commands of one key the same."""
        return (self.verb, self.seat.player_id, self.seat.currency, self.amount, self.reference, self.round_ref)


@dataclass(frozen=True)
class Reply:
    """What became of a command."""

    outcome: str
    replayed: bool
    balances: tuple[int | None, int | None, int | None]
    transaction_id: UUID | None


def lay_table(name: str = "table") -> Table:
    """Make a brand, a vendor connected to it, and one game that is switched on."""
    brand = Brand.objects.create(code=f"{name}-brand", name=name)
    integration = Integration.objects.create(
        slug=name, name=name, vendor=name, kind=Integration.Kind.GAMES, brand_code=brand.code
    )
    studio = Studio.objects.create(code=name, name=name)
    game = Game.objects.create(
        vendor=name, code="g1", public_code=f"{name}-g1", title=name, studio=studio, is_enabled=True
    )
    return Table(brand, integration, game)


def make_player(table: Table, username: str) -> Player:
    """A player of the table's brand, without a wallet."""
    malta, _ = Jurisdiction.objects.get_or_create(code="MT", defaults={"name": "Malta"})
    return Player.objects.create(
        brand=table.brand,
        jurisdiction=malta,
        username=username,
        email=f"{username}@{table.brand.code}.example",
        password="!",
        birth_date=NOW.date().replace(year=1990),
        country="MT",
        currency="EUR",
        registered_at=NOW,
    )


def sit(
    table: Table, player: Player, currency: str = "EUR", *, expires_at: datetime = NOW + timedelta(hours=1)
) -> Seat:
    """Open the player's wallet in that currency and a game session over it."""
    accounts = open_player_accounts(player_id=player.pk, brand_id=table.brand.pk, currency=currency)
    provider = shared_account(
        brand_id=table.brand.pk, currency=currency, kind="provider", integration_id=table.integration.pk
    )
    session = GameSession.objects.create(
        player=player,
        brand=table.brand,
        integration=table.integration,
        game=table.game,
        currency=currency,
        cash_account_id=accounts.cash,
        bonus_account_id=accounts.bonus,
        restricted_account_id=accounts.restricted,
        provider_account_id=provider,
        created_at=NOW,
        expires_at=expires_at,
    )
    digest = token_digest(new_token())
    GameSessionToken.objects.create(digest=digest, session=session, issued_at=NOW)
    return Seat(table, player.pk, currency, digest, accounts.cash, accounts.bonus, accounts.restricted)


def fund(seat: Seat, *, cash: int = 0, bonus: int = 0, restricted: int = 0) -> None:
    """Put test money into a wallet, ledger units."""
    source = shared_account(brand_id=seat.table.brand.pk, currency=seat.currency, kind="test_funding")
    wanted = ((seat.cash, cash), (seat.bonus, bonus), (seat.restricted, restricted))
    post(
        kind=TransactionKind.TEST_FUNDING,
        brand_id=seat.table.brand.pk,
        currency=seat.currency,
        player_id=seat.player_id,
        legs=[Leg(source, account, amount) for account, amount in wanted if amount],
        now=NOW,
    )


def send(*commands: Command) -> list[Reply]:
    """Send commands as one batch: one statement, one commit. Replies in the order of the commands."""
    calls = [_call(command) for command in commands]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, outcome, replayed, cash, bonus, restricted, transaction_id"
            " FROM providers_wallet_calls(%s::json)",
            [msgspec.json.encode(calls).decode()],
        )
        rows = {row[0]: Reply(row[1], row[2], tuple(row[3:6]), row[6]) for row in cursor.fetchall()}
    return [rows[call.request_id] for call in calls]


def balances_of(seat: Seat) -> tuple[int, int, int]:
    """Cash, bonus and restricted of a wallet as its account rows say, ledger units."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, balance FROM transactions_account WHERE id = ANY(%s)",
            [[seat.cash, seat.bonus, seat.restricted]],
        )
        found: dict[int, int] = dict(cursor.fetchall())
    return found[seat.cash], found[seat.bonus], found[seat.restricted]


def count_of(table: str) -> int:
    """Number of rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names come from the tests
        (number,) = cursor.fetchone()
    return int(number)


def _call(command: Command) -> WalletCall:
    fingerprint: Sequence[Any] = [str(term) for term in command.terms]
    return WalletCall(
        request_id=uuid7(),
        integration_id=command.seat.table.integration.pk,
        verb=command.verb,
        kind=_KINDS[command.verb].value,
        token="\\x" + command.seat.token.hex(),
        key=command.key,
        fingerprint="\\x" + hashlib.sha256("|".join(fingerprint).encode()).hexdigest(),
        reference=command.reference,
        game_code=command.seat.table.game.code,
        round_ref=command.round_ref,
        close_round=command.close_round,
        currency=command.seat.currency if command.names_currency else None,
        amount=command.amount,
        draw=command.draw,
        quantum=COIN,
        needs_reference=command.needs_reference,
        now=NOW,
        started_at=NOW,
        method="POST",
        path="/wallet",
        headers={},
        body="{}",
    )
