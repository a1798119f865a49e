"""The log of every exchange with a vendor: how to write into it. Reading is in `search` and `health`."""

import os

from apps.integrations import key_usage
from apps.integrations.exchange_records import ReplyRecord, RequestRecord
from apps.integrations.exchange_writer import ExchangeWriter
from apps.integrations.masking import masked_headers, masked_path

__all__ = ["ReplyRecord", "RequestRecord", "close", "flush", "masked_headers", "masked_path", "record"]

_writer = ExchangeWriter()
# Kept, never closed: their sockets belong to the parent process too, and closing would say good-bye in its name.
_writers_of_parents: list[ExchangeWriter] = []


def record(request: RequestRecord | None, reply: ReplyRecord | None) -> None:
    """
    Log either half of an exchange, or both, without waiting for the database.

    Written within 100 ms by a thread of this process; secrets in headers and query strings are masked. A request
    that moves money is not recorded here: the posting function writes it in the transaction that moves the money.
    Never raises for what the database says.
    """
    if request is not None:
        if request.verified_by and request.integration_id is not None:
            key_usage.note_use(request.integration_id, request.verified_by, request.started_at)
        _writer.put(request)
    if reply is not None:
        _writer.put(reply)


def flush(timeout: float = 5.0) -> bool:
    """Wait until all that was recorded before is in the database; False if it is not within `timeout` seconds."""
    return _writer.flush(timeout)


def close() -> None:
    """Write what is queued and stop; the next record starts anew. For the end of a process."""
    global _writer  # noqa: PLW0603 - one a process
    _writer.stop()
    _writer = ExchangeWriter()


def _start_over() -> None:
    """Begin with an empty queue in a forked child: the parent writes what it had queued."""
    global _writer  # noqa: PLW0603 - one a process
    _writers_of_parents.append(_writer)
    _writer = ExchangeWriter()


os.register_at_fork(after_in_child=_start_over)
