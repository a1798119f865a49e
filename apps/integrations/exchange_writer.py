"""The background thread that carries exchange records to the database, one a process, and its bounded queue."""

import threading
import time
from collections import deque
from multiprocessing.util import Finalize

import psycopg
import structlog
from prometheus_client import Counter

from apps.integrations import key_usage
from apps.integrations.exchange_store import ExchangeStore, Record

log = structlog.get_logger(__name__)

WRITTEN_BY_CALLER = Counter(
    "integrations_exchanges_written_by_caller", "Exchange records that found the queue full and were written at once"
)
LOST = Counter("integrations_exchanges_lost", "Exchange records that could not be written")

_GATHER_SECONDS = 0.05
_MAX_BATCH_RECORDS = 1000
_MAX_BATCH_BYTES = 8 * 2**20
_FIRST_BACKOFF_SECONDS = 0.05
_LONGEST_BACKOFF_SECONDS = 2.0
_KEY_USE_SECONDS = 5.0
_EXIT_SECONDS = 5.0
# A record is more than its bodies: a rough price for the rest of it.
_RECORD_OVERHEAD_BYTES = 1024


class ExchangeWriter:
    """A queue and the thread behind it. The thread starts with the first record and never dies of a bad one."""

    def __init__(self, *, max_records: int = 20_000, max_bytes: int = 64 * 2**20) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._queue: deque[Record | threading.Event] = deque()
        self._queued_bytes = 0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._stop = threading.Event()
        self._give_up_at = float("inf")
        self._thread: threading.Thread | None = None
        self._store = ExchangeStore()
        self._key_use_written_at = float("-inf")
        self._caller_lock = threading.Lock()
        self._caller_store = ExchangeStore()

    def put(self, record: Record) -> None:
        """Queue a record. With a full queue the caller writes it now, which also slows the flood down."""
        size = len(record.body) + _RECORD_OVERHEAD_BYTES
        with self._lock:
            has_room = len(self._queue) < self._max_records and self._queued_bytes + size <= self._max_bytes
            if has_room and not self._stop.is_set():
                self._queue.append(record)
                self._queued_bytes += size
                self._ensure_thread()
                self._wake.set()
                return
        self._write_as_caller(record)

    def flush(self, timeout: float) -> bool:
        """Wait until everything queued before is in the database; False if it is not by then (seconds)."""
        written = threading.Event()
        with self._lock:
            if self._thread is None:
                return True
            self._queue.append(written)
            self._hurry.set()
            self._wake.set()
        return written.wait(timeout)

    def stop(self, timeout: float = _EXIT_SECONDS) -> None:
        """Write what is queued, for that many seconds at most, and end the thread and the connections."""
        with self._lock:
            thread = self._thread
            self._give_up_at = time.monotonic() + timeout
            self._stop.set()
            self._hurry.set()
            self._wake.set()
        if thread is not None:
            thread.join(timeout + 1)
        with self._caller_lock:
            self._caller_store.close()

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="exchange-log", daemon=True)
            self._thread.start()
            # Runs at the end of a main process and of a multiprocessing child (Granian's workers), where atexit
            # functions do not. Celery's children have a hook of their own, see apps.py.
            Finalize(None, self.stop, exitpriority=100)

    def _run(self) -> None:
        while not (self._stop.is_set() and not self._queue):
            self._wake.wait(_KEY_USE_SECONDS if key_usage.is_pending() else None)
            self._hurry.wait(_GATHER_SECONDS)
            # Cleared before taking: what is queued from here on sets it again.
            self._wake.clear()
            self._hurry.clear()
            while batch := self._take():
                self._carry(batch)
            self._carry_key_use()
        self._store.close()

    def _take(self) -> list[Record | threading.Event]:
        taken: list[Record | threading.Event] = []
        size = 0
        with self._lock:
            while self._queue and len(taken) < _MAX_BATCH_RECORDS and size < _MAX_BATCH_BYTES:
                item = self._queue.popleft()
                taken.append(item)
                if not isinstance(item, threading.Event):
                    size += len(item.body) + _RECORD_OVERHEAD_BYTES
            self._queued_bytes -= size
        return taken

    def _carry(self, batch: list[Record | threading.Event]) -> None:
        """Write the batch, however long the database is away; then tell those who wait for it."""
        records = [item for item in batch if not isinstance(item, threading.Event)]
        if records and not self._write(records):
            for record in records:
                if not self._write([record]):
                    _count_lost(record)
        for item in batch:
            if isinstance(item, threading.Event):
                item.set()

    def _write(self, records: list[Record]) -> bool:
        """Write together, all or nothing; False if one of them is at fault, or if time is over at exit."""
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            try:
                self._store.write(records)
            except (psycopg.DataError, psycopg.IntegrityError):
                log.exception("exchange_log_refused", records=len(records))
                return False
            except psycopg.Error as error:
                log.warning("exchange_log_waits", records=len(records), error=type(error).__name__)
                self._store.close()
                if time.monotonic() > self._give_up_at:
                    return False
                self._pause(backoff)
                backoff = min(backoff * 2, _LONGEST_BACKOFF_SECONDS)
            except Exception:
                # A record of the wrong shape: a bug of its caller, which must not end the log of everybody else.
                log.exception("exchange_log_failed", records=len(records))
                return False
            else:
                return True

    def _pause(self, seconds: float) -> None:
        """Wait before another try; at exit only briefly, since its seconds are counted."""
        if self._stop.is_set():
            time.sleep(_FIRST_BACKOFF_SECONDS)
        else:
            self._stop.wait(seconds)

    def _carry_key_use(self) -> None:
        """Write key use now and then; a failed attempt loses at most some seconds of it."""
        is_due = time.monotonic() - self._key_use_written_at >= _KEY_USE_SECONDS or self._stop.is_set()
        if not key_usage.is_pending() or not is_due:
            return
        self._key_use_written_at = time.monotonic()
        try:
            self._store.write_key_use(key_usage.take_used())
        except psycopg.Error:
            log.warning("key_use_not_written", exc_info=True)
            self._store.close()

    def _write_as_caller(self, record: Record) -> None:
        WRITTEN_BY_CALLER.inc()
        try:
            with self._caller_lock:
                self._caller_store.write([record])
        except Exception:
            # The caller has an answer to give; the sweeper completes a money request that has no reply.
            _count_lost(record)
            log.exception("exchange_log_failed", records=1)


def _count_lost(record: Record) -> None:
    LOST.inc()
    log.critical("exchange_record_lost", exchange_id=str(record.id), half=type(record).__name__)
