"""
The outbox: facts other than money, in order, for whoever follows them. Money has its own log, the ledger.

A fact is written in the transaction that makes it true. A follower reads each exactly once: its cursor moves in the
transaction of what it did. Facts name people by id only, so that nothing here has to be erased later.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from apps.core.ids import uuid7
from apps.core.request_context import current_request_id
from apps.integrations.fact_kinds import FactNotDeclared, require_sound, unknown_kinds
from apps.integrations.models import FactCursor

_FIRST = UUID(int=0)
# A follower that has not read everything once may not leave out any month.
_BEFORE_ALL = datetime(1970, 1, 2, tzinfo=UTC)
_WRITE = """
INSERT INTO integrations_fact (id, kind, brand_code, player_id, subject, data, request_id, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
# Everything below the horizon is committed or gone for good; the floor keeps older months' partitions out.
_READ = """
SELECT id, xact, kind, brand_code, player_id, subject, data, request_id, at
  FROM integrations_fact
 WHERE (xact, id) > (%(xact)s, %(id)s) AND xact < %(horizon)s
   AND id >= core_tail_floor(%(xact)s, %(updated_at)s)
   AND (%(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s))
 ORDER BY xact, id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that has happened."""

    id: UUID
    xact: int
    """Number of the database transaction that wrote it; facts are in the order of (xact, id)."""
    kind: str
    """`<app>.<thing>.<what happened>`: `payments.deposit.settled`."""
    brand_code: str
    player_id: int | None
    subject: str
    """Public id of what it is about."""
    data: Mapping[str, Any]
    request_id: UUID | None
    at: datetime
    """Business time."""


def record_fact(
    *,
    kind: str,
    brand_code: str,
    player_id: int | None = None,
    subject: str = "",
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    """
    Add a fact to the log, in the caller's transaction.

    :param kind: lower-case words with dots between them, at least two; declared by the caller's app
    :param data: JSON values as declared; amounts as ledger units beside their currency; no personal data
    :raises FactNotDeclared: if kind or data are not as declared (in production that is logged instead)
    """
    require_sound(kind, data)
    _append([uuid7(), kind, brand_code, player_id, subject, Jsonb(dict(data)), current_request_id(), now])


def _append(values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)


@transaction.atomic(durable=True)
def consume(
    *,
    consumer: str,
    handle: Callable[[Sequence[Fact]], None],
    most: int = 500,
    kinds: Collection[str] | None = None,
) -> int:
    """
    Hand over the next facts in order. What `handle` does and the place reached are committed together, or not at all.

    Call it again while it returns `most`. Two callers of one consumer never work at the same time: the second gets 0.

    :param consumer: name of the follower; its cursor starts at the oldest fact
    :param handle: gets up to `most` facts, inside the transaction; what it raises leaves the cursor where it was
    :param kinds: only these; the set may change later, passed-over facts do not come back
    :return: how many facts were handed over
    :raises FactNotDeclared: if one of the kinds is not declared
    """
    if kinds is not None and (unknown := unknown_kinds(kinds)):
        raise FactNotDeclared(f"{consumer} follows {', '.join(unknown)}, which nobody records")
    FactCursor.objects.bulk_create([FactCursor(name=consumer, updated_at=_BEFORE_ALL)], ignore_conflicts=True)
    cursor = FactCursor.objects.select_for_update(skip_locked=True).filter(pk=consumer).first()
    if cursor is None:
        return 0
    facts, horizon = _next(cursor, most=most, kinds=kinds)
    if facts:
        handle(facts)
    if len(facts) == most:
        cursor.next_xact, cursor.last_id = facts[-1].xact, facts[-1].id
    else:
        cursor.next_xact, cursor.last_id = max(horizon, cursor.next_xact), _FIRST
        # The floor of the next read lies a day below this: moving it before all is read would skip an older backlog.
        cursor.updated_at = timezone.now()
    cursor.save(update_fields=["next_xact", "last_id", "updated_at"])
    return len(facts)


def lag_seconds(consumer: str) -> float:
    """Age of the oldest fact that a follower has not read yet, in seconds; 0 if it has read all."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(extract(epoch FROM clock_timestamp() - min(uuid_extract_timestamp(f.id))), 0)
              FROM integrations_fact f
              LEFT JOIN integrations_factcursor c ON c.name = %s
             WHERE (f.xact, f.id) > (coalesce(c.next_xact, 0), coalesce(c.last_id, %s))
               AND f.id >= core_tail_floor(coalesce(c.next_xact, 0), coalesce(c.updated_at, now()))
            """,
            [consumer, _FIRST],
        )
        (seconds,) = cursor.fetchone()
    return float(seconds)


def _next(cursor: FactCursor, *, most: int, kinds: Collection[str] | None) -> tuple[list[Fact], int]:
    with connection.cursor() as reader:
        reader.execute("SELECT core_require_present(%s), core_xact_horizon()", [cursor.next_xact])
        horizon = int(reader.fetchone()[1])
        reader.execute(
            _READ,
            {
                "xact": cursor.next_xact,
                "id": cursor.last_id,
                "updated_at": cursor.updated_at,
                "horizon": horizon,
                "kinds": None if kinds is None else sorted(kinds),
                "most": most,
            },
        )
        return [_fact(row) for row in reader.fetchall()], horizon


def _fact(row: tuple[Any, ...]) -> Fact:
    fact = Fact(*row)
    return replace(fact, data=json.loads(row[6]))  # Django's cursor hands JSON out as text
