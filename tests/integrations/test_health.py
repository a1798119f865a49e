"""Vendor health: exact numbers, however late and in whatever order exchanges were written."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from apps.integrations.health import VendorHealth, vendor_health
from apps.integrations.models import ExchangeReply, HealthMinute, Integration, LateMinute
from apps.integrations.tasks import sweep_unanswered
from tests.integrations.exchanges import log_reply, log_request, make_integration

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def refresh(at: datetime) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_refresh_health(%s, interval '100 years')", [at])
        done: datetime = cursor.fetchone()[0]
    return done


def log(integration: Integration | None, at: datetime, direction: str = "in", **reply: object) -> None:
    log_reply(log_request(integration, at=at, direction=direction), **reply)  # type: ignore[arg-type]


def health(integration: Integration, since: datetime, until: datetime, direction: str | None = None) -> VendorHealth:
    found = vendor_health(since=since, until=until, direction=direction)
    return next(each for each in found if each.integration_id == integration.pk)


def log_a_mixed_minute(integration: Integration) -> None:
    for second in range(7):
        log(integration, MINUTE + timedelta(seconds=second), verb="bet", duration_us=1000)
    log(integration, MINUTE + timedelta(seconds=10), verb="win", duration_us=2000)
    log(integration, MINUTE + timedelta(seconds=11), verb="bet", outcome="insufficient_funds", duration_us=900)
    log(integration, MINUTE + timedelta(seconds=12), verb="bet", outcome="bad_signature", status=200)
    log(integration, MINUTE + timedelta(seconds=13), verb="bet", outcome="retryable", status=500)
    log(integration, MINUTE + timedelta(seconds=14), direction="out", verb="launch", outcome="", status=200)
    log(integration, MINUTE + timedelta(seconds=15), direction="out", verb="launch", outcome="timeout", status=None)


def expect_the_mixed_minute(seen: VendorHealth) -> None:
    assert seen.requests == 13
    assert seen.by_class == {"success": 9, "refusal": 1, "auth": 1, "error": 1, "timeout": 1}
    assert seen.by_verb == {"bet": 10, "win": 1, "launch": 2}
    assert seen.by_outcome == {
        "applied": 8,
        "insufficient_funds": 1,
        "bad_signature": 1,
        "retryable": 1,
        "": 1,
        "timeout": 1,
    }
    assert seen.success_rate == 10 / 13
    assert seen.last_good_at == MINUTE + timedelta(seconds=14)


@pytest.mark.parametrize("is_counted", [False, True])
def test_numbers_are_the_same_live_and_counted(is_counted: bool) -> None:  # noqa: FBT001
    integration = make_integration()
    log_a_mixed_minute(integration)
    if is_counted:
        refresh(MINUTE + timedelta(minutes=5))
        assert HealthMinute.objects.filter(integration_id=integration.pk).count() == 7
    expect_the_mixed_minute(health(integration, MINUTE, MINUTE + timedelta(minutes=2)))
    inbound = health(integration, MINUTE, MINUTE + timedelta(minutes=2), "in")
    assert (inbound.requests, inbound.by_verb) == (11, {"bet": 10, "win": 1})


def test_counting_again_changes_nothing() -> None:
    integration = make_integration()
    log_a_mixed_minute(integration)
    for minutes in (5, 5, 6):
        refresh(MINUTE + timedelta(minutes=minutes))
    expect_the_mixed_minute(health(integration, MINUTE, MINUTE + timedelta(minutes=6)))


def test_a_minute_is_counted_only_after_its_writers_had_time() -> None:
    make_integration()
    refresh(MINUTE)
    assert refresh(MINUTE + timedelta(minutes=1, seconds=14)) == MINUTE
    assert refresh(MINUTE + timedelta(minutes=1, seconds=15)) == MINUTE + timedelta(minutes=1)


def test_what_is_written_after_its_minute_was_counted_is_counted_too() -> None:
    integration = make_integration()
    log(integration, MINUTE)
    refresh(MINUTE + timedelta(minutes=5))
    log(integration, MINUTE + timedelta(seconds=1))
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=1)).requests == 1
    refresh(MINUTE + timedelta(minutes=5))
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=1)).requests == 2
    assert not LateMinute.objects.exists()


def test_a_span_takes_its_own_minutes_only() -> None:
    integration = make_integration()
    for minutes in range(4):
        log(integration, MINUTE + timedelta(minutes=minutes, seconds=30))
    refresh(MINUTE + timedelta(minutes=2, seconds=20))
    assert health(integration, MINUTE + timedelta(minutes=1), MINUTE + timedelta(minutes=3)).requests == 2
    assert health(integration, MINUTE + timedelta(minutes=1, seconds=59), MINUTE + timedelta(minutes=3)).requests == 2
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=3, seconds=30)).requests == 3
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=3, seconds=31)).requests == 4


def test_percentiles_lie_within_their_buckets_and_never_above_the_longest() -> None:
    integration = make_integration()
    for number in range(100):
        log(integration, MINUTE + timedelta(milliseconds=number), duration_us=1000 if number < 90 else 100_000)
    seen = health(integration, MINUTE, MINUTE + timedelta(minutes=1))
    # Ranks 50 of 90 in the bucket (825, 1250], then 5 and 9 of 10 in (72 000, 108 000], cut at the longest.
    assert seen.p50_ms == pytest.approx((825 + 425 * 50 / 90) / 1000)
    assert seen.p95_ms == pytest.approx((72_000 + 28_000 * 5 / 10) / 1000)
    assert seen.p99_ms == pytest.approx((72_000 + 28_000 * 9 / 10) / 1000)


def test_slower_than_every_bucket_and_faster_than_the_first_still_count() -> None:
    integration = make_integration()
    log(integration, MINUTE, duration_us=0)
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=1)).p99_ms == 0
    log(integration, MINUTE, duration_us=90_000_000)
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=1)).p99_ms == 90_000


def test_a_silent_vendor_is_listed_with_its_last_good_call_of_long_ago() -> None:
    integration, never = make_integration("quiet"), make_integration("never")
    log(integration, MINUTE)
    log(integration, MINUTE + timedelta(seconds=1), outcome="retryable", status=500)
    refresh(MINUTE + timedelta(days=2))
    seen = health(integration, MINUTE + timedelta(days=1), MINUTE + timedelta(days=1, minutes=5))
    assert (seen.requests, seen.success_rate, seen.p50_ms, seen.last_good_at) == (0, None, None, MINUTE)
    assert health(never, MINUTE, MINUTE + timedelta(minutes=1)).last_good_at is None


@pytest.mark.parametrize(
    ("outcome", "status", "counts_as"),
    [
        ("applied", 200, "success"),
        ("accepted", 200, "success"),
        ("", 204, "success"),
        ("insufficient_funds", 200, "refusal"),
        ("bad_session", 401, "refusal"),
        ("", 404, "refusal"),
        ("", 401, "auth"),
        ("", 403, "auth"),
        ("bad_signature", 200, "auth"),
        ("", 500, "error"),
        ("applied", 500, "error"),
        ("fatal", 200, "error"),
        ("unreachable", None, "error"),
        ("applied", None, "error"),
        ("insufficient_funds", None, "error"),
        ("timeout", None, "timeout"),
    ],
)
def test_what_an_outcome_counts_as(outcome: str, status: int | None, counts_as: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_outcome_class(%s, %s::smallint)", [outcome, status])
        assert cursor.fetchone()[0] == counts_as


@pytest.mark.django_db(transaction=True)
def test_a_late_exchange_that_commits_while_its_minute_is_counted_anew_is_counted_next_time() -> None:
    integration = make_integration()
    log(integration, MINUTE)
    refresh(MINUTE + timedelta(minutes=5))
    log(integration, MINUTE + timedelta(seconds=1))
    has_written, may_commit = threading.Event(), threading.Event()

    def write_late() -> None:
        with transaction.atomic():
            log(integration, MINUTE + timedelta(seconds=2))
            has_written.set()
            may_commit.wait(10)
        connections.close_all()

    writer = threading.Thread(target=write_late)
    writer.start()
    assert has_written.wait(10)
    refresh(MINUTE + timedelta(minutes=5))
    may_commit.set()
    writer.join(10)
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=1)).requests == 2
    refresh(MINUTE + timedelta(minutes=5))
    assert health(integration, MINUTE, MINUTE + timedelta(minutes=1)).requests == 3


def sweep(at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_sweep_unanswered(%s, interval '2 minutes')", [at])
        swept: int = cursor.fetchone()[0]
    return swept


def test_a_money_request_without_a_reply_gets_its_other_half() -> None:
    integration = make_integration()
    at = timezone.now()
    answered = log_request(integration, at=at, outcome="applied")
    log_reply(answered)
    unanswered = log_request(integration, at=at, outcome="insufficient_funds")
    fresh = log_request(integration, at=at + timedelta(minutes=3), outcome="applied")
    assert sweep(at + timedelta(minutes=4)) == 1
    assert sweep(at + timedelta(minutes=4)) == 0
    reply = ExchangeReply.objects.get(pk=unanswered)
    assert (reply.status, reply.outcome) == (None, "insufficient_funds")
    assert reply.error == "the process ended before the answer was recorded"
    assert (bytes(reply.body), reply.headers, reply.duration_us) == (b"", {}, 0)
    assert ExchangeReply.objects.get(pk=answered).status == 200
    assert not ExchangeReply.objects.filter(pk=fresh).exists()
    assert sweep(at + timedelta(minutes=6)) == 1
    assert ExchangeReply.objects.filter(pk=fresh).exists()


def test_a_swept_exchange_counts_as_an_error_without_a_latency() -> None:
    integration = make_integration()
    at = timezone.now().replace(second=0, microsecond=0)
    log_request(integration, at=at, outcome="applied")
    log(integration, at, duration_us=5000)
    sweep(at + timedelta(minutes=4))
    seen = health(integration, at, at + timedelta(minutes=1))
    assert (seen.by_class["success"], seen.by_class["error"]) == (1, 1)
    assert seen.p50_ms == 5.0


def test_nothing_is_swept_just_after_the_database_started() -> None:
    integration = make_integration()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        (started_at,) = cursor.fetchone()
    log_request(integration, at=started_at - timedelta(minutes=5))
    assert sweep(started_at + timedelta(seconds=119)) == 0
    assert sweep(started_at + timedelta(seconds=121)) >= 1


def test_the_task_leaves_a_request_of_this_moment_alone() -> None:
    request = log_request(make_integration(), at=timezone.now())
    sweep_unanswered()
    assert not ExchangeReply.objects.filter(pk=request).exists()
