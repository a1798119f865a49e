"""Monthly partitions of the platform's hot tables: made ahead of time, dropped when their retention is over."""

import re
from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction

from apps.integrations.audit import record_event
from apps.integrations.models import HealthMinute, IntegrationEvent

log = structlog.get_logger(__name__)

EXCHANGE_TABLES = ("integrations_exchange", "integrations_exchangereply")
MONTHS_AHEAD = 3
_MONTH_PARTITION = re.compile(r"_(\d{4})(\d{2})$")
# Making and dropping partitions locks the parent for a moment. Waiting longer for it would stop all who come after us;
# the next run tries again.
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
# Tables partitioned by month of a uuidv7, whichever app they belong to.
_TABLES = """
    SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
     WHERE p.partstrat = 'r' AND a.atttypid = 'uuid'::regtype AND c.relnamespace = current_schema()::regnamespace
     ORDER BY 1"""
_PARTITIONS = """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = %s::regclass ORDER BY 1"""


def ensure_partitions(*, now: datetime, months_ahead: int = MONTHS_AHEAD) -> int:
    """
    Make the partitions of this month and the next ones where they are missing, for every table partitioned by month.

    Returns how many were made. A month that cannot be made now (a lock, rows in the default partition) is logged and
    does not keep the others from being made.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [row[0] for row in cursor.fetchall()]
    months = [_month_after(now, count) for count in range(months_ahead + 1)]
    return sum(_ensure_partition(table, month) for table in tables for month in months)


def drop_expired_exchanges(*, now: datetime) -> list[str]:
    """
    Drop the partitions of the exchange log whose whole month is past its retention; returns their names.

    Retention is settings.EXCHANGE_RETENTION_MONTHS after the end of the month. What lies in the default partition, or
    in a younger month, is never touched. Counted health of that time goes too.

    :raises ImproperlyConfigured: if the retention is below settings.EXCHANGE_RETENTION_MINIMUM_MONTHS
    """
    horizon = _month_after(now, -_retention_months())
    dropped: list[str] = []
    for table in EXCHANGE_TABLES:
        with connection.cursor() as cursor:
            cursor.execute(_PARTITIONS, [table])
            names = [row[0] for row in cursor.fetchall()]
        for name in names:
            found = _MONTH_PARTITION.search(name)
            # A month ends where the next begins, so one that began before the horizon's month ended by then.
            if found and datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC) < horizon:
                _drop(name, now)
                dropped.append(name)
    HealthMinute.objects.filter(minute__lt=horizon).delete()
    return dropped


def _retention_months() -> int:
    months: int = settings.EXCHANGE_RETENTION_MONTHS
    minimum: int = settings.EXCHANGE_RETENTION_MINIMUM_MONTHS
    if months < minimum:
        raise ImproperlyConfigured(
            f"EXCHANGE_RETENTION_MONTHS is {months}, below the legal minimum of {minimum}: nothing is dropped"
        )
    return months


def _ensure_partition(table: str, month: datetime) -> int:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOCK_TIMEOUT)
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('core_ensure_month_partitions'))")
            cursor.execute("SELECT core_ensure_month_partitions(%s, %s, 0)", [table, month])
            made: int = cursor.fetchone()[0]
    except DatabaseError:
        log.exception("partition_not_made", table=table, month=f"{month:%Y-%m}")
        return 0
    return made


@transaction.atomic
def _drop(partition: str, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_TIMEOUT)
        cursor.execute(f"DROP TABLE {connection.ops.quote_name(partition)}")
    record_event(
        IntegrationEvent.Action.EXCHANGES_DROPPED,
        integration_id=None,
        actor=None,
        now=now,
        reason=f"retention of {_retention_months()} months is over",
        partition=partition,
    )


def _month_after(at: datetime, months: int) -> datetime:
    """Start of the month so many months after that of `at`, in UTC."""
    year, month = divmod(at.astimezone(UTC).year * 12 + at.astimezone(UTC).month - 1 + months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
