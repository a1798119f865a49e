"""The exchange log takes everything, hides secrets, and loses nothing when the database goes away."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from apps.core.ids import uuid7
from apps.integrations import exchange_log
from apps.integrations.exchange_log import record
from apps.integrations.exchange_writer import LOST, WRITTEN_BY_CALLER, ExchangeWriter
from apps.integrations.models import Exchange, ExchangeReply, LateMinute
from tests.integrations.exchanges import id_at, make_integration, reply_record, request_record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _log_of_this_test() -> Iterator[None]:
    yield
    exchange_log.close()


def replies() -> set[UUID]:
    return set(ExchangeReply.objects.values_list("pk", flat=True))


def test_both_halves_of_an_exchange_arrive_as_they_were() -> None:
    integration = make_integration()
    request = request_record(
        integration,
        path="/providers/vendor/bet?authToken=hunter2&b=1",
        headers={"Authorization": "Bearer hunter2", "X-Hub88-Signature": "c2ln"},
        body=b"\x00\xff{}",
        remote_address="192.0.2.1",
        verified_by="k1",
        outcome="applied",
        player_id=7,
        round_id=8,
        parent_id=uuid7(),
    )
    refs = ("plain", 'quo"te', "back\\slash", "{brace,comma}", "ünï", "")
    reply = reply_record(request.id, status=200, body=b"\x00\x01", duration_us=1234, refs=refs, error="")
    record(request, reply)
    assert exchange_log.flush()
    seen = Exchange.objects.select_related("reply").get()
    assert (seen.pk, seen.started_at, seen.integration_id) == (request.id, request.started_at, integration.pk)
    assert seen.path == "/providers/vendor/bet?authToken=***&b=1"
    assert seen.headers == {"Authorization": "Bearer ***", "X-Hub88-Signature": "c2ln"}
    assert (bytes(seen.body), seen.remote_address, seen.verified_by) == (b"\x00\xff{}", "192.0.2.1", "k1")
    assert (seen.outcome, seen.player_id, seen.round_id) == ("applied", 7, 8)
    assert (seen.transaction_id, seen.parent_id) == (None, request.parent_id)
    assert (seen.reply.status, bytes(seen.reply.body), seen.reply.duration_us) == (200, b"\x00\x01", 1234)
    assert seen.reply.refs == ["plain", 'quo"te', "back\\slash", "{brace,comma}", "ünï"]


def test_what_postgresql_cannot_hold_in_text_is_replaced_not_lost() -> None:
    request = request_record(path="/a\0b", headers={"X-A": "\0\ud800", "X-B": "é"})
    record(request, reply_record(request.id, refs=("a\0b",), duration_us=2**40))
    assert exchange_log.flush()
    seen = Exchange.objects.select_related("reply").get()
    assert seen.path == "/a\ufffdb"
    assert seen.headers == {"X-A": "\ufffd\\ud800", "X-B": "é"}
    assert (seen.reply.refs, seen.reply.duration_us) == (["a\ufffdb"], 2**31 - 1)


def test_a_record_of_the_wrong_shape_is_counted_and_takes_no_neighbour_with_it() -> None:
    lost = LOST._value.get()
    ids = [uuid7() for _ in range(3)]
    record(None, reply_record(ids[0]))
    record(None, reply_record(ids[1], status=99_999))
    record(None, reply_record(ids[2]))
    record(request_record(direction="sideways"), None)
    record(None, reply_record(uuid7(), headers=None))
    assert exchange_log.flush()
    assert replies() == {ids[0], ids[2]}
    assert LOST._value.get() - lost == 3


def test_a_record_given_twice_is_kept_once() -> None:
    reply = reply_record(uuid7(), outcome="applied")
    record(None, reply)
    record(None, reply_record(reply.id, outcome="another"))
    assert exchange_log.flush()
    assert ExchangeReply.objects.get().outcome == "applied"


def test_with_a_full_queue_the_caller_writes_at_once() -> None:
    before = WRITTEN_BY_CALLER._value.get()
    writer = ExchangeWriter(max_records=0)
    reply = reply_record(uuid7())
    writer.put(reply)
    assert replies() == {reply.id}
    assert WRITTEN_BY_CALLER._value.get() - before == 1
    writer.stop()


def test_large_bodies_fill_the_queue_too() -> None:
    writer = ExchangeWriter(max_bytes=10_000)
    reply = reply_record(uuid7(), body=b"x" * 10_000)
    writer.put(reply)
    assert replies() == {reply.id}
    writer.stop()


def test_nothing_is_lost_when_many_threads_write_at_once() -> None:
    ids = [[uuid7() for _ in range(500)] for _ in range(8)]
    barrier = threading.Barrier(8)

    def write(own: list[UUID]) -> None:
        barrier.wait()
        for exchange_id in own:
            record(None, reply_record(exchange_id))

    threads = [threading.Thread(target=write, args=(own,)) for own in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exchange_log.flush()
    assert replies() == {exchange_id for own in ids for exchange_id in own}


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    url = psycopg.conninfo.make_conninfo(settings.DATABASE_URL, dbname="postgres")
    with psycopg.connect(url, autocommit=True) as maintenance:
        yield maintenance


@contextmanager
def _database_away() -> Iterator[None]:
    """Cut the log's connections and let nobody in, which is what a restart looks like from outside."""
    name = settings.DATABASES["default"]["NAME"]
    allow = psycopg.sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with _maintenance() as maintenance:
        maintenance.execute(allow.format(psycopg.sql.Identifier(name), psycopg.sql.SQL("false")))
        try:
            maintenance.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name = 'exchange-log'",
                [name],
            )
            yield
        finally:
            maintenance.execute(allow.format(psycopg.sql.Identifier(name), psycopg.sql.SQL("true")))


def test_what_is_logged_while_the_database_restarts_is_written_afterwards() -> None:
    ids = [uuid7() for _ in range(2500)]
    record(None, reply_record(ids[0]))
    assert exchange_log.flush()
    with _database_away():
        for exchange_id in ids[1:]:
            record(None, reply_record(exchange_id))
        assert not exchange_log.flush(timeout=0.2)
    assert exchange_log.flush(timeout=10)
    assert replies() == set(ids)


def test_stopping_without_a_database_ends_in_time_and_counts_what_is_lost() -> None:
    lost = LOST._value.get()
    writer = ExchangeWriter()
    with _database_away():
        writer.put(reply_record(uuid7()))
        writer.stop(timeout=0.2)
    assert LOST._value.get() - lost == 1
    assert writer._thread is not None
    assert not writer._thread.is_alive()


def test_a_forked_child_writes_its_own_records_and_leaves_its_parents_connection_alone() -> None:
    of_parent, of_child, later = uuid7(), uuid7(), uuid7()
    record(None, reply_record(of_parent))
    assert exchange_log.flush()
    child = os.fork()
    if child == 0:
        record(None, reply_record(of_child))
        os._exit(0 if exchange_log.flush() else 1)
    assert os.waitpid(child, 0)[1] == 0
    record(None, reply_record(later))
    assert exchange_log.flush()
    assert replies() == {of_parent, of_child, later}


def _record_and_end(exchange_id: UUID) -> None:
    record(None, reply_record(exchange_id))


def test_a_process_that_ends_writes_what_it_has_queued() -> None:
    exchange_id = uuid7()
    child = multiprocessing.get_context("fork").Process(target=_record_and_end, args=(exchange_id,))
    child.start()
    child.join(10)
    assert child.exitcode == 0
    assert replies() == {exchange_id}


def test_records_written_late_mark_their_minute_and_others_do_not() -> None:
    at = timezone.now()
    record(None, reply_record(uuid7()))
    record(None, reply_record(id_at(at - timedelta(minutes=3))))
    assert exchange_log.flush()
    expected = (at - timedelta(minutes=3)).replace(second=0, microsecond=0)
    assert list(LateMinute.objects.values_list("minute", flat=True)) == [expected]
