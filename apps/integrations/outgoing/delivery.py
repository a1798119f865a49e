"""
Delivering messages: claim, commit, send, record. Standard Webhooks 1.0.0; the row is the queue, a sweeper finds it.

Messages of one player (or of one subject, where there is no player) are told in order: the next waits until the one
before is delivered or given up. Different players do not wait for each other.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx2
import structlog
from django.db import close_old_connections, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from prometheus_client import Counter
from standardwebhooks import Webhook

from apps.integrations.encryption import decrypt
from apps.integrations.outgoing.addresses import UnusableWebhookUrl, target_of
from apps.integrations.outgoing.endpoints import switch_endpoint
from apps.integrations.outgoing.models import WebhookAttempt, WebhookEndpoint, WebhookMessage, WebhookSecret

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 20.0
SCHEDULE_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Pauses between tries: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; then the message is given up."""
GIVE_UP_ENDPOINT_AFTER = timedelta(days=5)
_LEASE = timedelta(minutes=2)
_PER_ENDPOINT = 20
_THREADS = 8
_THROTTLED = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = timedelta(hours=1)
_KEPT_OF_ANSWER = 500
_GONE = 410

TRIES = Counter("casino_webhook_tries", "Tries to deliver an outgoing webhook", ["outcome"])

# The oldest open message of each ordering key, a few of each endpoint, that nobody else holds.
_CLAIM = """
WITH ready AS (
    SELECT m.id, row_number() OVER (PARTITION BY m.endpoint_id ORDER BY m.sequence) AS place
      FROM integrations_webhookmessage m
      JOIN integrations_webhookendpoint e ON e.id = m.endpoint_id
     WHERE m.state = 'pending' AND m.next_attempt_at <= %(now)s
       AND e.state = 'on' AND (e.paused_until IS NULL OR e.paused_until <= %(now)s)
       AND NOT EXISTS (SELECT 1 FROM integrations_webhookmessage b
                        WHERE b.endpoint_id = m.endpoint_id AND b.ordering_key = m.ordering_key
                          AND b.sequence < m.sequence AND b.state = 'pending')
), mine AS (
    SELECT m.id FROM integrations_webhookmessage m
     WHERE m.id IN (SELECT id FROM ready WHERE place <= %(each)s)
       AND m.state = 'pending' AND m.next_attempt_at <= %(now)s
     ORDER BY m.id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE integrations_webhookmessage m SET next_attempt_at = %(until)s, attempts = m.attempts + 1
  FROM mine WHERE m.id = mine.id
RETURNING m.id
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try brought."""

    at: datetime
    status: int | None
    duration_ms: int
    error: str = ""
    text: str = ""
    retry_after: datetime | None = None
    signed_by: str = ""

    @property
    def is_success(self) -> bool:
        """Only 2xx is; a redirect is none."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own classes


def deliver_due(*, most: int = 200) -> int:
    """
    Send what is due, several at a time; returns how many tries were made.

    A message in the hands of a worker that dies is taken again after two minutes, under the same id.
    """
    done = 0
    while claimed := _claim(min(most - done, _THREADS * 4)):
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(_try_in_thread, claimed))
        done += len(claimed)
        if done >= most:
            break
    return done


def _claim(most: int) -> list[UUID]:
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + _LEASE, "each": _PER_ENDPOINT, "most": most})
        return [row[0] for row in cursor.fetchall()]


def _try_in_thread(message_id: UUID) -> None:
    try:
        _try(message_id)
    finally:
        close_old_connections()
        connection.close()


def _try(message_id: UUID) -> None:
    message = WebhookMessage.objects.select_related("endpoint").get(pk=message_id)
    at = timezone.now()
    valid = message.endpoint.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=at))
    answer = _send(message, list(valid), at)
    TRIES.labels("delivered" if answer.is_success else "failed").inc()
    _record(message, answer)
    if answer.status == _GONE:
        reason = "The receiver answered 410 Gone."
        switch_endpoint(endpoint_id=message.endpoint_id, on=False, reason=reason, actor=None, now=timezone.now())


def _send(message: WebhookMessage, secrets: Sequence[WebhookSecret], at: datetime) -> Answer:
    started = time.perf_counter()
    headers = _headers(message, secrets, at)
    kids = " ".join(secret.kid for secret in secrets)

    def answer(status: int | None = None, *, error: str = "", text: str = "", retry: datetime | None = None) -> Answer:
        milliseconds = int((time.perf_counter() - started) * 1000)
        return Answer(at, status, milliseconds, error[:300], text, retry, kids[:100])

    try:
        target = target_of(message.endpoint.url)
        with (
            httpx2.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client,
            client.stream(
                "POST",
                target.url,
                content=message.body.encode(),
                headers={**headers, "Host": target.host},
                extensions={"sni_hostname": target.name},
                follow_redirects=False,
            ) as response,
        ):
            text = _beginning(response, deadline=started + TIMEOUT_SECONDS)
            return answer(response.status_code, text=text, retry=_retry_after(response.headers.get("retry-after"), at))
    except UnusableWebhookUrl as refusal:
        return answer(error=refusal.detail or refusal.title)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as failure:
        return answer(error=f"{type(failure).__name__}: {failure}")


def _headers(message: WebhookMessage, secrets: Sequence[WebhookSecret], at: datetime) -> dict[str, str]:
    name = f"msg_{message.pk.hex}"
    signatures = [
        Webhook(decrypt(bytes(secret.ciphertext), master_kid=secret.master_kid, context=secret.context)).sign(
            name, at.astimezone(UTC), message.body
        )
        for secret in secrets
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": "casino-platform-webhooks",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _beginning(response: httpx2.Response, *, deadline: float) -> str:
    kept = b""
    for chunk in response.iter_bytes():
        kept += chunk
        if len(kept) >= _KEPT_OF_ANSWER or time.perf_counter() > deadline:
            break
    return kept[:_KEPT_OF_ANSWER].decode("utf-8", "replace").replace("\x00", "")


@transaction.atomic
def _record(message: WebhookMessage, answer: Answer) -> None:
    WebhookAttempt.objects.create(
        message=message,
        number=message.attempts,
        at=answer.at,
        status=answer.status,
        duration_ms=answer.duration_ms,
        error=answer.error,
        answer=answer.text,
        signed_by=answer.signed_by,
    )
    now = timezone.now()
    # Only while it is still ours: a replay may have begun anew meanwhile.
    mine = WebhookMessage.objects.filter(pk=message.pk, state=WebhookMessage.State.PENDING, attempts=message.attempts)
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=message.endpoint_id)
    if answer.is_success:
        mine.update(state=WebhookMessage.State.DELIVERED, delivered_at=now, next_attempt_at=None)
        endpoint.failing_since = endpoint.paused_until = None
    else:
        _plan_retry(message, mine, answer, now)
        endpoint.failing_since = endpoint.failing_since or now
        if answer.status in _THROTTLED:
            endpoint.paused_until = min(answer.retry_after or now + timedelta(minutes=1), now + _LONGEST_PAUSE)
    endpoint.save(update_fields=["failing_since", "paused_until"])
    if endpoint.failing_since and now - endpoint.failing_since > GIVE_UP_ENDPOINT_AFTER:
        reason = f"Nothing has been delivered since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC."
        switch_endpoint(endpoint_id=endpoint.pk, on=False, reason=reason, actor=None, now=now)


def _plan_retry(message: WebhookMessage, mine: QuerySet[WebhookMessage], answer: Answer, now: datetime) -> None:
    if message.attempts > len(SCHEDULE_SECONDS):
        mine.update(state=WebhookMessage.State.FAILED, next_attempt_at=None)
        log.error("webhook_given_up", endpoint=str(message.endpoint), message=str(message.pk), kind=message.kind)
        return
    seconds = SCHEDULE_SECONDS[message.attempts - 1] * random.uniform(1.0, 1.1)  # noqa: S311 - spreads load, hides nothing
    at = max(now + timedelta(seconds=seconds), answer.retry_after or now)
    mine.update(next_attempt_at=at)


def _retry_after(value: str | None, now: datetime) -> datetime | None:
    """RFC 9110: seconds or a date; what is neither is ignored."""
    if not value:
        return None
    if value.strip().isdecimal():
        return now + min(timedelta(seconds=int(value.strip()[:9])), _LONGEST_PAUSE)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now + _LONGEST_PAUSE)
