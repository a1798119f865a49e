"""The platform's worker with a few tasks more, for tests that break things under it. `celery -A` is pointed here."""

import contextlib
import time

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from casino_platform.celery import app

__all__ = ["app"]


@app.task(name="tests.write")
def write(word: str) -> None:
    """Write a word down, in a transaction of its own."""
    with transaction.atomic():
        _write(word)


@app.task(name="tests.fail_half_way")
def fail_half_way(word: str) -> None:
    """Write a word down and fail before it is committed."""
    with transaction.atomic():
        _write(word)
        raise ValueError(word)


@app.task(name="tests.lose_a_transaction")
def lose_a_transaction(word: str) -> None:
    """Begin what nobody ends any more, as a time limit between two lines of `atomic` does."""
    transaction.atomic().__enter__()
    _write(word)
    raise ValueError(word)


@app.task(name="tests.write_slowly")
def write_slowly(word: str, seconds: float) -> None:
    """Write a word down and wait before committing it."""
    with transaction.atomic():
        _write(word)
        time.sleep(seconds)


@app.task(name="tests.write_slowly_come_what_may")
def write_slowly_come_what_may(word: str, seconds: float) -> None:
    """Wait on when told that the time is up."""
    with transaction.atomic():
        _write(word)
        with contextlib.suppress(SoftTimeLimitExceeded):
            time.sleep(seconds)
        time.sleep(seconds)


def _write(word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO words (word, backend) VALUES (%s, pg_backend_pid())", [word])
