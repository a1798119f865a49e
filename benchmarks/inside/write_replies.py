"""The writer of the exchange log, alone: how many replies a second one process brings into the database."""

import time
from uuid import uuid4

from django.db import connection

from apps.core.ids import uuid7
from apps.integrations.exchange_log import ReplyRecord, close, flush, record

_BODY = b'{"status":"RS_OK","request_uuid":"f5f8445f-0497-405a-9746-c37572dd038a","currency":"EUR","balance":100000}'
# Below the queue's bound: beyond it the caller writes, which would measure something else.
_BURST = 10_000


def run(*, seconds: float) -> dict[str, float]:
    """Record bursts of replies, each burst waited for, for so long."""
    before = _count()
    done = 0
    started_at = time.perf_counter()
    while time.perf_counter() - started_at < seconds:
        for _ in range(_BURST):
            record(None, _reply())
        assert flush(60.0)
        done += _BURST
    elapsed = time.perf_counter() - started_at
    close()
    assert _count() - before == done, "a reply is missing in the exchange log"
    return {"replies": done, "seconds": elapsed}


def _reply() -> ReplyRecord:
    return ReplyRecord(
        id=uuid7(),
        status=200,
        headers={"content-type": "application/json"},
        body=_BODY,
        duration_us=5_000,
        verb="bet",
        outcome="applied",
        refs=(str(uuid4()), str(uuid4())),
    )


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM integrations_exchangereply")
        count: int = cursor.fetchone()[0]
    return count
