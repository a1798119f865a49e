"""Logging out who has gone: neither a call to the API nor a bet for as long as the jurisdiction says."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.brands.models import Jurisdiction
from apps.players.operations.sessions import SEEN_INTERVAL
from apps.safer_play.ledger import ledger_floor
from apps.safer_play.policies import policy_in

_END = """
    UPDATE players_playersession s SET revoked_at = %(now)s, revoked_reason = 'inactive'
      FROM players_player p
     WHERE p.id = s.player_id AND p.jurisdiction_id = %(jurisdiction)s
       AND s.revoked_at IS NULL AND s.expires_at > %(now)s AND s.last_seen_at < %(idle_since)s
       AND NOT EXISTS (SELECT 1 FROM transactions_transaction t
                        WHERE t.player_id = p.id AND t.id >= %(floor)s AND t.kind IN ('bet', 'win')
                          AND t.created_at >= %(idle_since)s)
"""


def end_idle_log_ins(*, now: datetime) -> int:
    """
    End log-ins idle for longer than their jurisdiction allows; returns how many.

    When a session was last seen is known to the minute, so it ends up to a minute late.
    """
    ended = 0
    for jurisdiction in Jurisdiction.objects.all():
        answer = policy_in(jurisdiction.code, "inactivity_logout_minutes", on=now.date())
        if not answer.is_own or not answer.value:
            continue
        idle_since = now - timedelta(minutes=float(answer.value)) - SEEN_INTERVAL
        terms: dict[str, Any] = {
            "now": now,
            "jurisdiction": jurisdiction.code,
            "idle_since": idle_since,
            "floor": ledger_floor(idle_since),
        }
        with connection.cursor() as cursor:
            cursor.execute(_END, terms)
            ended += cursor.rowcount
    return ended
