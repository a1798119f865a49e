"""What a vendor may read without moving money: who sits behind a token, his balance, and the facts we tell of him."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

_SEAT = """
    SELECT gs.player_id, p.public_id, gs.currency, cash.balance, bonus.balance, restricted.balance,
           t.replaced_at IS NOT NULL, coalesce(gs.ended_at, gs.expires_at), p.country, p.language, game.code
      FROM providers_gamesessiontoken t
      JOIN providers_gamesession gs ON gs.id = t.session_id
      JOIN players_player p ON p.id = gs.player_id
      JOIN transactions_account cash ON cash.id = gs.cash_account_id
      JOIN transactions_account bonus ON bonus.id = gs.bonus_account_id
      JOIN transactions_account restricted ON restricted.id = gs.restricted_account_id
      JOIN providers_game game ON game.id = gs.game_id
     WHERE t.digest = %s AND gs.integration_id = %s AND (%s::text IS NULL OR p.public_id::text = %s::text)
"""
_FACTS = """
    SELECT p.id, p.public_id, p.country, p.jurisdiction_id, p.birth_date, p.registered_at
      FROM players_player p JOIN brands_brand b ON b.id = p.brand_id
     WHERE p.public_id::text = %s AND b.code = %s
"""


@dataclass(frozen=True, slots=True)
class Seat:
    """A session as the vendor sees it; balances in ledger units. An expired session still answers."""

    player_id: int
    player_ref: UUID
    currency: str
    cash: int
    bonus: int
    restricted: int
    token_replaced: bool
    """The token was exchanged for a newer one."""
    over_at: datetime
    """When the session ended, or will."""
    country: str
    language: str
    game_code: str
    """Of the game that the session was opened for."""


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """What a vendor is told of a player."""

    player_id: int
    player_ref: UUID
    country: str
    jurisdiction: str
    birth_date: date
    registered_at: datetime


def seat_of(integration_id: int, digest: bytes, player_ref: str | None = None) -> Seat | None:
    """The seat behind a token's digest; None if unknown to this integration, or not the named player's. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SEAT, [digest, integration_id, player_ref, player_ref])
        row = cursor.fetchone()
    return Seat(*row) if row else None


def player_facts(player_ref: str, *, brand_code: str) -> PlayerFacts | None:
    """Facts of a player of one brand by the id that outsiders know; None if there is none. One query."""
    try:
        reference = str(UUID(player_ref))
    except ValueError:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [reference, brand_code])
        row = cursor.fetchone()
    return PlayerFacts(*row) if row else None
