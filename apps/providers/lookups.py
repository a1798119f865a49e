"""What a vendor may look up of his own: transactions and rounds, as he named them. Reads only; the ledger answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

_POSTED = """
    WITH named AS (
        SELECT c.transaction_id AS id, c.cancelled_by FROM transactions_command c
         WHERE c.key = ANY (%(keys)s) AND c.integration_id = %(integration)s AND c.player_id = %(player)s
           AND c.transaction_id IS NOT NULL
    )
    SELECT t.id, t.external_id, t.details, t.currency, t.created_at, r.external_id, g.code, r.state,
           coalesce(m.cash, 0)::bigint, coalesce(m.bonus, 0)::bigint
      FROM transactions_transaction t
      LEFT JOIN providers_round r ON r.player_id = t.player_id AND r.id = t.round_id
      LEFT JOIN providers_game g ON g.id = r.game_id
      LEFT JOIN LATERAL (
           SELECT sum(x.amount) FILTER (WHERE a.kind <> 'bonus') AS cash,
                  sum(x.amount) FILTER (WHERE a.kind = 'bonus') AS bonus
             FROM transactions_transfer x
             JOIN transactions_account a
               ON a.id IN (x.debit_account_id, x.credit_account_id) AND a.player_id IS NOT NULL
            WHERE x.transaction_id = t.id) m ON true
     WHERE t.id IN (SELECT id FROM named UNION SELECT cancelled_by FROM named WHERE cancelled_by IS NOT NULL)
       AND t.integration_id = %(integration)s
     ORDER BY t.id
"""
_ROUND = """
    SELECT r.external_id, g.code, r.opened_at, r.closed_at, r.state
      FROM providers_round r JOIN providers_game g ON g.id = r.game_id
     WHERE r.player_id = %s AND r.integration_id = %s AND r.external_id = %s
     ORDER BY r.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Posted:
    """One transaction of the vendor's; amounts in ledger units, `cash` with restricted money."""

    id: UUID
    key: str
    details: dict[str, Any]
    currency: str
    at: datetime
    round_ref: str | None
    game_code: str | None
    round_state: str | None
    cash: int
    bonus: int


@dataclass(frozen=True, slots=True)
class KnownRound:
    """One round as the vendor named it."""

    ref: str
    game_code: str
    opened_at: datetime
    closed_at: datetime | None
    state: str


def posted(*, integration_id: int, player_id: int, keys: Sequence[str]) -> list[Posted]:
    """Transactions that commands with these keys made for the player, and what took them back; oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, {"keys": list(keys), "integration": integration_id, "player": player_id})
        rows = cursor.fetchall()
    return [Posted(row[0], row[1], _details(row[2]), *row[3:]) for row in rows]


def known_round(*, integration_id: int, player_id: int, ref: str) -> KnownRound | None:
    """The player's round of that name; the newest where several games have one."""
    with connection.cursor() as cursor:
        cursor.execute(_ROUND, [player_id, integration_id, ref])
        row = cursor.fetchone()
    return KnownRound(*row) if row else None


def _details(stored: Any) -> dict[str, Any]:
    if isinstance(stored, str):
        stored = json.loads(stored)
    return stored if isinstance(stored, dict) else {}
