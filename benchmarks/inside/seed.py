"""Seeds: one brand, one game, two connections of Caleta, and players with funded wallets seated at both."""

import json
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core.currencies import currency_spec
from apps.core.ids import token_digest
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.players.models import Player
from apps.providers.models import Game, GameSession, GameSessionToken, Studio
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import shared_account
from benchmarks.bets import CURRENCY, GAME_CODE, HTTP_SLUG, RAW_SLUG, session_token

FUNDS_UNITS = 10**13
"""Ten million euros a wallet: no bet of a benchmark is refused for want of money."""
_BATCH = 2_000
_LIFETIME = timedelta(days=30)

_OPEN_WALLETS = "SELECT count(*) FROM players_player p, ledger_open_wallet(p.id, p.brand_id, %s)"
_FUND = """
SELECT count(ledger_post(%s, a.brand_id, a.currency, a.player_id, NULL, '', NULL, NULL, NULL, NULL, %s,
                         ARRAY[ROW(%s::bigint, false, a.id, true, %s::bigint)::ledger_leg]))
  FROM transactions_account a WHERE a.kind = 'cash'
"""


def run(*, wallets: int, public_key_pem: str) -> dict[str, int]:
    """Seed an empty, migrated database; return the ids that pgbench needs."""
    now = datetime.now(UTC)
    brand, malta = _brand()
    game = _game()
    http, raw = (_integration(slug, brand, public_key_pem, now) for slug in (HTTP_SLUG, RAW_SLUG))
    Player.objects.bulk_create((_player(n, brand, malta, now) for n in range(1, wallets + 1)), batch_size=_BATCH)
    funding = shared_account(brand_id=brand.pk, currency=CURRENCY, kind=AccountKind.TEST_FUNDING)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_WALLETS, [CURRENCY])
        cursor.execute(_FUND, [TransactionKind.TEST_FUNDING, now, funding, FUNDS_UNITS])
    for integration in (http, raw):
        _seat_everybody(integration, brand, game, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"http_integration": http.pk, "raw_integration": raw.pk}


def _brand() -> tuple[Brand, Jurisdiction]:
    malta = Jurisdiction.objects.create(code="MT", name="Malta", timezone="Europe/Malta")
    spec = currency_spec(CURRENCY)
    currency, _ = Currency.objects.get_or_create(
        code=CURRENCY,
        defaults={"name": CURRENCY, "exponent": spec.exponent, "ledger_exponent": spec.ledger_exponent},
    )
    brand = Brand.objects.create(code="bench", name="Bench")
    brand.currencies.add(currency)
    Market.objects.create(brand=brand, jurisdiction=malta, countries=["MT"])
    return brand, malta


def _game() -> Game:
    studio = Studio.objects.create(code="bench", name="Bench")
    return Game.objects.create(
        vendor="caleta",
        code=GAME_CODE,
        public_code="caleta-bench-slot",
        title="Bench Slot",
        studio=studio,
        platforms=["desktop"],
        is_enabled=True,
    )


def _integration(slug: str, brand: Brand, public_key_pem: str, now: datetime) -> Integration:
    integration = Integration.objects.create(
        slug=slug, name=slug, vendor="caleta", kind=Integration.Kind.GAMES, brand_code=brand.code
    )
    purpose = Credential.Purpose.VERIFY_INBOUND
    add_credential(integration=integration, purpose=purpose, secret=public_key_pem.encode(), actor=None, now=now)
    return integration


def _player(number: int, brand: Brand, malta: Jurisdiction, now: datetime) -> Player:
    return Player(
        brand=brand,
        jurisdiction=malta,
        username=f"bench-{number}",
        email=f"bench-{number}@example.com",
        password="!",  # noqa: S106 - matches no password: these players are seated, they do not log in
        first_name="Bench",
        last_name=str(number),
        birth_date=date(1990, 1, 1),
        country="MT",
        currency=CURRENCY,
        is_test=True,
        registered_at=now,
    )


def _seat_everybody(integration: Integration, brand: Brand, game: Game, now: datetime) -> None:
    provider = shared_account(
        brand_id=brand.pk, currency=CURRENCY, kind=AccountKind.PROVIDER, integration_id=integration.pk
    )
    seats = [
        GameSession(
            player_id=player,
            brand=brand,
            integration=integration,
            game=game,
            currency=CURRENCY,
            cash_account_id=accounts["cash"],
            bonus_account_id=accounts["bonus"],
            restricted_account_id=accounts["restricted"],
            provider_account_id=provider,
            created_at=now,
            expires_at=now + _LIFETIME,
        )
        for player, accounts in _wallets()
    ]
    GameSession.objects.bulk_create(seats, batch_size=_BATCH)
    tokens = (
        GameSessionToken(digest=token_digest(session_token(integration.slug, n)), session=seat, issued_at=now)
        for n, seat in enumerate(seats, start=1)
    )
    GameSessionToken.objects.bulk_create(tokens, batch_size=_BATCH)


def _wallets() -> list[tuple[int, dict[str, int]]]:
    """Players in the order they were made, each with its accounts by kind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT player_id, json_object_agg(kind, id)::text FROM transactions_account WHERE player_id IS NOT NULL"
            " GROUP BY player_id ORDER BY player_id"
        )
        return [(player, json.loads(accounts)) for player, accounts in cursor.fetchall()]
