"""Integrations and rows of the exchange log for tests, straight in the test's own transaction."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from apps.core.ids import uuid7, uuid7_floor
from apps.integrations.exchange_log import ReplyRecord, RequestRecord
from apps.integrations.models import Integration

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_integration(slug: str = "vendor", *, base_url: str = "") -> Integration:
    """Make an integration that is switched on."""
    kind = Integration.Kind.GAMES
    return Integration.objects.create(
        slug=slug, name=slug.title(), vendor="hub88", kind=kind, brand_code="aurora", base_url=base_url
    )


def id_at(at: datetime) -> UUID:
    """Return an id of that millisecond, unlike any other."""
    return UUID(int=uuid7_floor(at).int | uuid7().int & ((1 << 62) - 1))


def request_record(
    integration: Integration | None = None, *, at: datetime | None = None, **more: object
) -> RequestRecord:
    """Describe an inbound request."""
    fields: dict[str, object] = {
        "id": uuid7() if at is None else id_at(at),
        "started_at": at or datetime.now(UTC),
        "integration_id": integration.pk if integration else None,
        "direction": "in",
        "method": "POST",
        "path": "/providers/vendor/transaction/bet",
        "headers": {"Content-Type": "application/json"},
        "body": b"{}",
    }
    return RequestRecord(**(fields | more))  # type: ignore[arg-type]


def reply_record(exchange_id: UUID, **more: object) -> ReplyRecord:
    """Describe the answer to it."""
    fields: dict[str, object] = {
        "status": 200,
        "headers": {},
        "body": b"{}",
        "duration_us": 1000,
        "verb": "bet",
        "outcome": "applied",
    }
    return ReplyRecord(id=exchange_id, **(fields | more))  # type: ignore[arg-type]


def log_request(
    integration: Integration | None,
    *,
    at: datetime,
    direction: str = "in",
    outcome: str = "",
    exchange_id: UUID | None = None,
    transaction_id: UUID | None = None,
    parent_id: UUID | None = None,
) -> UUID:
    """Log a request at that time."""
    exchange_id = exchange_id or id_at(at)
    integration_id = integration.pk if integration else None
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_exchange (id, started_at, integration_id, direction, method, path, headers, body,"
            " outcome, transaction_id, parent_id)"
            " VALUES (%s, %s, %s, %s, 'POST', '/', '{}', '', %s, %s, %s)",
            [exchange_id, at, integration_id, direction, outcome, transaction_id, parent_id],
        )
    return exchange_id


def log_reply(
    exchange_id: UUID,
    *,
    duration_us: int = 1000,
    verb: str = "bet",
    outcome: str = "applied",
    status: int | None = 200,
    refs: tuple[str, ...] = (),
) -> None:
    """Log a reply, marking its minute as a writer does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_exchangereply (id, status, headers, body, duration_us, verb, outcome, refs)"
            " VALUES (%s, %s, '{}', '', %s, %s, %s, %s::text[])",
            [exchange_id, status, duration_us, verb, outcome, list(refs)],
        )
        cursor.execute("SELECT integrations_mark_late(ARRAY[%s]::uuid[])", [exchange_id])
