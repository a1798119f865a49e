"""Writes batches of exchange records into PostgreSQL over a connection of its own. Knows nothing of queues."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec
import psycopg
from django.db import connections

from apps.integrations.exchange_records import ReplyRecord, RequestRecord
from apps.integrations.masking import masked_headers, masked_path

Record = RequestRecord | ReplyRecord

_LARGEST_INTEGER = 2**31 - 1
_STATEMENT_TIMEOUT_MS = 5000

# One statement a batch, arrays for columns; in binary (%b), since escaping text costs more than all the rest. Writing a
# record twice is harmless: after a lost connection nobody knows whether the commit happened.
_INSERT_REQUESTS: LiteralString = """
    INSERT INTO integrations_exchange (id, started_at, integration_id, direction, method, path, headers, body,
        remote_address, verified_by, outcome, player_id, round_id, transaction_id, parent_id)
    SELECT id, started_at, integration_id, direction, method, path, headers::jsonb, body,
        remote_address, verified_by, outcome, player_id, round_id, transaction_id, parent_id
    FROM unnest(%b::uuid[], %s::timestamptz[], %s::integer[], %b::text[], %b::text[], %b::text[], %b::text[],
        %b::bytea[], %b::text[], %b::text[], %b::text[], %s::bigint[], %s::bigint[], %b::uuid[], %b::uuid[])
      AS r (id, started_at, integration_id, direction, method, path, headers, body,
        remote_address, verified_by, outcome, player_id, round_id, transaction_id, parent_id)
    ON CONFLICT (id) DO NOTHING"""
_INSERT_REPLIES: LiteralString = """
    INSERT INTO integrations_exchangereply (id, status, headers, body, duration_us, verb, outcome, error, refs)
    SELECT id, status, headers::jsonb, body, duration_us, verb, outcome, error, refs::text[]
    FROM unnest(%b::uuid[], %s::smallint[], %b::text[], %b::bytea[], %s::integer[], %b::text[], %b::text[], %b::text[],
        %b::text[])
      AS r (id, status, headers, body, duration_us, verb, outcome, error, refs)
    ON CONFLICT (id) DO NOTHING"""
_MARK_LATE: LiteralString = "SELECT integrations_mark_late(%s::uuid[])"
_NOTE_USE: LiteralString = """
    UPDATE integrations_credential c SET last_used_at = greatest(c.last_used_at, u.at)
    FROM unnest(%s::integer[], %s::text[], %s::timestamptz[]) AS u (integration_id, kid, at)
    WHERE c.integration_id = u.integration_id AND c.kid = u.kid"""


class ExchangeStore:
    """One database connection, opened when needed. Not for two threads at once."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self._address: tuple[Any, ...] = ()

    def write(self, records: Sequence[Record]) -> None:
        """
        Write the records in one transaction.

        :raises psycopg.Error: if the database did not take them; nothing, or everything, was written
        """
        requests = [_request_row(record) for record in records if isinstance(record, RequestRecord)]
        replies = [_reply_row(record) for record in records if isinstance(record, ReplyRecord)]
        with self._open().transaction(), self._open().cursor() as cursor:
            if requests:
                cursor.execute(_INSERT_REQUESTS, _columns(requests))
            if replies:
                cursor.execute(_INSERT_REPLIES, _columns(replies))
            cursor.execute(_MARK_LATE, [[record.id for record in records]])

    def write_key_use(self, used: Mapping[tuple[int, str], datetime]) -> None:
        """
        Move the last-used times of keys forward.

        :raises psycopg.Error: if the database did not take them
        """
        # In one order everywhere, or two processes could wait for each other's rows.
        rows = [(integration_id, kid, at) for (integration_id, kid), at in sorted(used.items())]
        with self._open().transaction(), self._open().cursor() as cursor:
            cursor.execute(_NOTE_USE, _columns(rows))

    def close(self) -> None:
        """Close the connection; the next write opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        parameters: dict[str, Any] = connections["default"].get_connection_params()
        address = tuple(parameters.get(name) for name in ("host", "port", "dbname", "user"))
        if self._connection is not None and (self._connection.closed or address != self._address):
            self.close()
        if self._connection is None:
            options = f"{parameters.pop('options', '')} -c statement_timeout={_STATEMENT_TIMEOUT_MS}"
            parameters |= {
                "application_name": "exchange-log",
                "autocommit": True,
                "cursor_factory": psycopg.Cursor,
                "options": options.strip(),
            }
            self._connection = psycopg.connect(**parameters)
            self._address = address
        return self._connection


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _request_row(record: RequestRecord) -> tuple[Any, ...]:
    return (
        record.id,
        record.started_at,
        record.integration_id,
        record.direction,
        _text(record.method),
        _text(masked_path(record.path)),
        _json(record.headers),
        record.body,
        _text(record.remote_address),
        _text(record.verified_by),
        record.outcome,
        record.player_id,
        record.round_id,
        record.transaction_id,
        record.parent_id,
    )


def _reply_row(record: ReplyRecord) -> tuple[Any, ...]:
    return (
        record.id,
        record.status,
        _json(record.headers),
        record.body,
        max(0, min(record.duration_us, _LARGEST_INTEGER)),
        _text(record.verb),
        record.outcome,
        _text(record.error),
        _array_literal(record.refs),
    )


def _json(headers: Mapping[str, str]) -> str:
    return msgspec.json.encode({_text(name): _text(value) for name, value in masked_headers(headers).items()}).decode()


def _text(value: str) -> str:
    """Replace what PostgreSQL cannot hold in text: NUL, and halves of surrogate pairs. Strangers can send both."""
    if value.isascii():
        return value.replace("\0", "\ufffd") if "\0" in value else value
    return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\ufffd")


def _array_literal(items: Iterable[str]) -> str:
    quoted = (_text(item).replace("\\", "\\\\").replace('"', '\\"') for item in items if item)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
