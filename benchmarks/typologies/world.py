"""Writes histories into a platform: bets and wins through the wallet call, money by postings, the rest as facts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, groupby
from typing import Any

import msgspec
from django.db import connection, transaction

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core.currencies import currency_spec
from apps.core.ids import new_token, token_digest, uuid7
from apps.integrations.models import Integration
from apps.integrations.outbox import record_fact
from apps.players.models import Player, PlayerSession
from apps.providers.models import Game, GameSession, GameSessionToken, Studio
from apps.providers.wallet_calls import WalletCall
from apps.transactions.models import AccountKind
from apps.transactions.posting import Leg, PlayerAccounts, open_player_accounts, post, shared_account
from benchmarks.typologies.facts import filled, record_awaited

_BATCH = 400
_ZONES = {
    "MT": ("EUR", "Europe/Malta"),
    "GB": ("GBP", "Europe/London"),
    "SE": ("SEK", "Europe/Stockholm"),
    "NL": ("EUR", "Europe/Amsterdam"),
    "CA-ON": ("CAD", "America/Toronto"),
    "US-NJ": ("USD", "America/New_York"),
}
_FUNDS = 10_000_000
"""Main units each ordinary wallet is given, so that no bet is refused."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a player does. Amounts in main units of the player's currency."""

    at: datetime
    what: str
    """bet, bonus_bet, deposit, withdraw, chargeback, fact, session."""
    amount: Decimal = Decimal(0)
    won: Decimal = Decimal(0)
    kind: str = ""
    subject: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None


@dataclass
class Life:
    """A player and what he does."""

    name: str
    rule: str = ""
    """The rule whose typology is planted; empty for a clean player."""
    jurisdiction: str = "MT"
    born: date = date(1988, 3, 3)
    country: str = "MT"
    registered_days_ago: int = 400
    is_bare: bool = False
    """Has only what he deposits: for those who play until nothing is left."""
    is_bystander: bool = False
    """Belongs to a planted story, but is not the one to be found."""
    acts: list[Act] = field(default_factory=list)
    player_id: int = 0


class World:
    """A brand with a game and a payment provider, in which lives are lived."""

    def __init__(self, now: datetime) -> None:
        record_awaited()
        self.now = now
        self._keys = count(1)
        self.brand = Brand.objects.create(code="typology", name="Typology")
        for code, (currency, zone) in _ZONES.items():
            place, _ = Jurisdiction.objects.get_or_create(code=code, defaults={"name": code, "timezone": zone})
            Jurisdiction.objects.filter(pk=place.pk).update(timezone=zone)
            spec = currency_spec(currency)
            row, _ = Currency.objects.get_or_create(
                code=currency,
                defaults={"name": currency, "exponent": spec.exponent, "ledger_exponent": spec.ledger_exponent},
            )
            self.brand.currencies.add(row)
            Market.objects.create(brand=self.brand, jurisdiction_id=code, countries=[code[:2]])
        studio = Studio.objects.create(code="typology", name="Typology")
        self.game = Game.objects.create(
            vendor="typology", code="g1", public_code="typology-g1", title="G", studio=studio, is_enabled=True
        )
        self.games = Integration.objects.create(
            slug="typology", name="t", vendor="typology", kind=Integration.Kind.GAMES, brand_code=self.brand.code
        )
        self.bank = Integration.objects.create(
            slug="typology-bank", name="t", vendor="bank", kind=Integration.Kind.PAYMENTS, brand_code=self.brand.code
        )
        self._accounts: dict[int, PlayerAccounts] = {}
        self._tokens: dict[int, str] = {}

    @transaction.atomic
    def admit(self, lives: Sequence[Life]) -> None:
        """Make the players, their wallets and seats."""
        for life in lives:
            currency = _ZONES[life.jurisdiction][0]
            player = Player.objects.create(
                brand=self.brand, jurisdiction_id=life.jurisdiction, username=life.name,
                email=f"{life.name}@example.com", password="!", first_name="Test", last_name=life.name.title(),  # noqa: S106
                birth_date=life.born, country=life.country, currency=currency,
                registered_at=self.now - timedelta(days=life.registered_days_ago),
            )  # fmt: skip
            life.player_id = player.pk
            self._seat(player, currency, funds=0 if life.is_bare else _FUNDS)

    def _seat(self, player: Player, currency: str, *, funds: int) -> None:
        accounts = open_player_accounts(player_id=player.pk, brand_id=self.brand.pk, currency=currency)
        self._accounts[player.pk] = accounts
        provider = self._shared(currency, AccountKind.PROVIDER, self.games.pk)
        long_ago = self.now - timedelta(days=500)
        seat = GameSession.objects.create(
            player=player, brand=self.brand, integration=self.games, game=self.game, currency=currency,
            cash_account_id=accounts.cash, bonus_account_id=accounts.bonus, restricted_account_id=accounts.restricted,
            provider_account_id=provider, created_at=long_ago, expires_at=self.now + timedelta(days=1),
        )  # fmt: skip
        digest = token_digest(new_token())
        GameSessionToken.objects.create(digest=digest, session=seat, issued_at=long_ago)
        self._tokens[player.pk] = "\\x" + digest.hex()
        source = self._shared(currency, AccountKind.TEST_FUNDING, None)
        wanted = ((accounts.cash, funds), (accounts.bonus, _FUNDS))
        post(
            kind="test_funding", brand_id=self.brand.pk, currency=currency, player_id=player.pk, now=long_ago,
            legs=[Leg(source, account, _units(Decimal(amount), currency)) for account, amount in wanted if amount],
        )  # fmt: skip

    def _shared(self, currency: str, kind: AccountKind, integration: int | None) -> int:
        return shared_account(brand_id=self.brand.pk, currency=currency, kind=kind.value, integration_id=integration)

    def live(self, lives: Sequence[Life]) -> int:
        """Let everybody do what he does, each in the order of time; returns how many ledger transactions that were."""
        queues = {
            life.player_id: [list(run) for _, run in groupby(_ordered(life), key=lambda act: act.what in _PLAY)]
            for life in lives
        }
        done = 0
        for level in range(max((len(queue) for queue in queues.values()), default=0)):
            acts = [(player, act) for player, queue in queues.items() if level < len(queue) for act in queue[level]]
            plays = [(player, act) for player, act in acts if act.what in _PLAY]
            with transaction.atomic():
                done += self._play(lives, plays)
            with transaction.atomic():
                for player, act in acts:
                    if act.what not in _PLAY:
                        done += self._do(lives, player, act)
        return done

    def _play(self, lives: Sequence[Life], plays: Iterable[tuple[int, Act]]) -> int:
        currencies = {life.player_id: _ZONES[life.jurisdiction][0] for life in lives}
        calls = []
        for player, act in sorted(plays, key=lambda each: each[1].at):
            calls += self._calls(player, act, currencies[player])
        for first in range(0, len(calls), _BATCH):
            batch = calls[first : first + _BATCH]
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT outcome, count(*) FROM providers_wallet_calls(%s::json) GROUP BY 1",
                    [msgspec.json.encode(batch).decode()],
                )
                outcomes = dict(cursor.fetchall())
            assert set(outcomes) == {"applied"}, outcomes
        return len(calls)

    def _calls(self, player: int, act: Act, currency: str) -> list[WalletCall]:
        number = next(self._keys)
        draw = ("bonus",) if act.what == "bonus_bet" else ("cash",)
        bet = self._call(player, act.at, f"k{number:09d}a", "debit", act.amount, None, draw, currency)
        if not act.won:
            return [bet]
        at = act.at + timedelta(seconds=1)
        win = self._call(player, at, f"k{number:09d}b", "credit", act.won, bet.key, draw, currency)
        return [bet, win]

    def _call(
        self, player: int, at: datetime, key: str, verb: str, amount: Decimal, reference: str | None,
        draw: tuple[str, ...], currency: str,
    ) -> WalletCall:  # fmt: skip
        return WalletCall(
            request_id=uuid7(), integration_id=self.games.pk, verb=verb, kind="bet" if verb == "debit" else "win",
            token=self._tokens[player], key=key, fingerprint="\\x" + key.encode().hex(), reference=reference,
            game_code="g1", round_ref=(reference or key), close_round=verb == "credit", currency=currency,
            amount=_units(amount, currency), draw=draw, quantum=10_000, needs_reference=True, now=at, started_at=at,
            method="POST", path="/wallet", headers={}, body="{}",
        )  # fmt: skip

    def _do(self, lives: Sequence[Life], player: int, act: Act) -> int:
        life = next(each for each in lives if each.player_id == player)
        currency = _ZONES[life.jurisdiction][0]
        accounts, units = self._accounts[player], _units(act.amount, currency)
        psp = self._shared(currency, AccountKind.PSP, self.bank.pk)
        match act.what:
            case "deposit":
                self._post("deposit", player, currency, [Leg(psp, accounts.cash, units)], act.at)
                return 1
            case "withdraw":
                self._post("withdrawal", player, currency, [Leg(accounts.cash, accounts.locked, units)], act.at)
                later = act.at + timedelta(minutes=10)
                self._post("payout", player, currency, [Leg(accounts.locked, psp, units)], later)
                return 2
            case "chargeback":
                self._post("chargeback", player, currency, [Leg(accounts.cash, psp, units)], act.at)
                return 1
            case "session":
                PlayerSession.objects.create(
                    player_id=player, token_digest=token_digest(new_token()), created_at=act.at,
                    expires_at=act.at + timedelta(days=1), last_seen_at=act.until or act.at,
                )  # fmt: skip
                return 0
        data = {**act.data, "units": units, "currency": currency} if act.amount else act.data
        record_fact(
            kind=act.kind, brand_code=self.brand.code, player_id=player, subject=act.subject,
            data=filled(act.kind, data), now=act.at,
        )  # fmt: skip
        return 0

    def _post(self, kind: str, player: int, currency: str, legs: list[Leg], at: datetime) -> None:
        post(
            kind=kind, brand_id=self.brand.pk, currency=currency, player_id=player, integration_id=self.bank.pk,
            external_id=f"t{next(self._keys)}", legs=legs, now=at,
        )  # fmt: skip


_PLAY = ("bet", "bonus_bet")


def _ordered(life: Life) -> list[Act]:
    return sorted(life.acts, key=lambda act: act.at)


def _units(amount: Decimal, currency: str) -> int:
    return int(amount * currency_spec(currency).ledger_scale)


def by_rule(lives: Iterable[Life]) -> dict[str, list[Life]]:
    """The lives that are to be found, by the rule that should find them."""
    found: dict[str, list[Life]] = defaultdict(list)
    for life in lives:
        if life.rule and not life.is_bystander:
            found[life.rule].append(life)
    return found
