"""Following the policies: what becomes of interrupted rounds whose time is over. Safe beside live play."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.core.request_context import current_request_id
from apps.providers.incomplete_rounds import idle_rounds, is_handed, standings_of
from apps.providers.models import Round, RoundEvent, RoundPolicy
from apps.providers.round_policies import PolicyBook, Standing, read_book
from apps.providers.round_voids import is_voidable, void_round
from apps.providers.rounds import idle_words, lock_round, record_round_event

ACTOR = "providers.resolve_incomplete_rounds"
_Outcome = RoundPolicy.Outcome
# Rows closed in one transaction, so that a bet never waits long for its round.
_BATCH = 500

# Skips rounds being played on at this moment, and those that something has happened in since they were read.
_SETTLE_BATCH = """
    WITH due AS (
        SELECT r.player_id, r.id, d.policy_id
          FROM jsonb_to_recordset(%(due)s::jsonb)
               AS d (player_id bigint, id bigint, last_activity_at timestamptz, policy_id bigint)
          JOIN providers_round r ON r.player_id = d.player_id AND r.id = d.id
         WHERE r.state = 'open' AND r.last_activity_at = d.last_activity_at
         ORDER BY r.player_id, r.id
           FOR NO KEY UPDATE OF r SKIP LOCKED
    ), closed AS (
        UPDATE providers_round r
           SET state = 'expired', closed_at = %(now)s, close_reason = 'idle'
          FROM due WHERE r.player_id = due.player_id AND r.id = due.id
     RETURNING r.id, r.player_id, r.integration_id, r.last_activity_at, due.policy_id
    )
    INSERT INTO providers_roundevent (round_id, player_id, integration_id, kind, reason, actor, request_id, occurred_at,
                                      policy_id, reference)
    SELECT id, player_id, integration_id, 'expired',
           'no activity since ' || to_char(last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           %(actor)s, %(request)s, %(now)s, policy_id, ''
      FROM closed
"""


def resolve_incomplete_rounds(*, now: datetime) -> Counter[str]:
    """
    Do with each interrupted round whose time is over what its policy says; returns how many of each outcome.

    Safe to run twice at once, and beside wins, bets and rollbacks: whoever gets the wallet first decides, and what
    comes second finds the round as it is then.
    """
    book = read_book()
    done: Counter[str] = Counter()
    for batch in _due(book, now):
        settling: list[tuple[Round, RoundPolicy]] = []
        for found, standing in batch:
            policy = standing.policy
            if policy.outcome == _Outcome.SETTLE:
                settling.append((found, policy))
            elif policy.outcome != _Outcome.WAIT and (did := _resolve(found, policy, now)):
                done[did] += 1
        done[_Outcome.SETTLE] += _settle(settling, now)
    return +done


def _due(book: PolicyBook, now: datetime) -> Iterator[list[tuple[Round, Standing]]]:
    """Read open rounds whose time is over and which no person has yet, some at a time."""
    last = 0
    idle = idle_rounds(now=now, idle=book.shortest_wait).filter(~is_handed()).order_by("pk")
    while rounds := list(idle.filter(pk__gt=last)[:_BATCH]):
        standings = standings_of(rounds, book=book)
        yield [(each, standings[each.pk]) for each in rounds if standings[each.pk].due_at <= now]
        last = rounds[-1].pk


def _settle(settling: list[tuple[Round, RoundPolicy]], now: datetime) -> int:
    """Close rounds as they stand: stakes stay staked, and a late win still enters where its protocol allows."""
    if not settling:
        return 0
    due = [
        {
            "player_id": each.player_id,
            "id": each.pk,
            "last_activity_at": each.last_activity_at.isoformat(),
            "policy_id": policy.pk,
        }
        for each, policy in settling
    ]
    terms: dict[str, Any] = {"due": json.dumps(due), "now": now, "request": current_request_id(), "actor": ACTOR}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTLE_BATCH, terms)
        closed: int = cursor.rowcount
    return closed


@transaction.atomic
def _resolve(seen: Round, policy: RoundPolicy, now: datetime) -> str:
    """Void a round or hand it to a person, unless something has happened in it since it was read."""
    found = lock_round(round_id=seen.pk, player_id=seen.player_id)
    if found.state != Round.State.OPEN or found.last_activity_at != seen.last_activity_at:
        return ""
    if policy.outcome == _Outcome.VOID and is_voidable(found):
        void_round(found, policy=policy, reason=idle_words(found.last_activity_at), actor=ACTOR, now=now)
        return _Outcome.VOID
    # A round that has paid something can not be voided: what is fair then, a person decides.
    if RoundEvent.objects.filter(round_id=found.pk, kind=RoundEvent.Kind.HANDED).exists():
        return ""
    record_round_event(
        found,
        RoundEvent.Kind.HANDED,
        reason=idle_words(found.last_activity_at),
        actor=ACTOR,
        now=now,
        policy=policy,
    )
    return _Outcome.STAFF
