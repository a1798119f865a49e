"""The books of the simulated payment providers: orders, what has to be told about them, and the telling."""

import threading
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import structlog
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from apps.sandbox.models import SimulatedNotification, SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.protocol import Told
from apps.sandbox.psps.registry import PROTOCOLS

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 10.0
_REPEAT_AFTER = (2, 5, 15, 60, 300, 900)
_LONGEST_TEXT = 300
# What happens at a bank takes a moment; people watching want to see it happen.
PAYOUT_DELAY = timedelta(seconds=2)


@transaction.atomic
def open_order(psp: SimulatedPsp, *, reference: str, is_payout: bool, **fields: Any) -> tuple[SimulatedPayment, bool]:
    """Open an order, or find the one there is under this reference and count the repetition."""
    payment, is_new = SimulatedPayment.objects.get_or_create(
        psp=psp, reference=reference, defaults={"is_payout": is_payout, **fields}
    )
    if not is_new:
        SimulatedPayment.objects.filter(pk=payment.pk).update(requests=F("requests") + 1)
    return payment, is_new


def begin_payout(payment: SimulatedPayment) -> None:
    """Plan what will be told of an accepted payout, as the provider's settings have it."""
    outcome = payment.psp.payout_outcome
    story = PROTOCOLS[payment.psp_id].payout_stories[outcome]
    ends = {"paid": "done", "failed": "failed", "returned": "returned"}
    _conclude(payment, ends[outcome], story, delay=PAYOUT_DELAY)


def pay_deposit(payment: SimulatedPayment, amount: Decimal | None = None) -> bool:
    """Let the player have paid, perhaps another amount than was asked for; False if the order is closed."""
    if amount is not None:
        payment.amount = amount
        payment.save(update_fields=["amount"])
    return _conclude(payment, SimulatedPayment.State.DONE, PROTOCOLS[payment.psp_id].deposit_story)


def refuse_deposit(payment: SimulatedPayment) -> bool:
    """Let the player have given up; False if the order is closed."""
    return _conclude(payment, SimulatedPayment.State.FAILED, PROTOCOLS[payment.psp_id].refusal_story)


def charge_back(payment: SimulatedPayment) -> bool:
    """Let the payer contest a paid deposit; False if that cannot be."""
    story = PROTOCOLS[payment.psp_id].dispute_story
    if not story or payment.is_payout:
        return False
    return _conclude(payment, SimulatedPayment.State.DISPUTED, story, source=SimulatedPayment.State.DONE)


@transaction.atomic
def tell_more(payment: SimulatedPayment, story: Iterable[Told], *, delay: timedelta = timedelta(seconds=1)) -> None:
    """Plan to tell something else of a payment."""
    if payment.psp.telling == SimulatedPsp.Telling.NEVER:
        return
    for place, each in enumerate(story):
        SimulatedNotification.objects.create(
            payment=payment, word=each.word, facts=dict(each.facts), due_at=timezone.now() + delay * (place + 1)
        )


@transaction.atomic
def tell_of_refund(payment: SimulatedPayment, *, reference: str, value: int) -> bool:
    """Take a refund of a payment, and plan to tell of it; False if it was taken before under this reference."""
    locked = SimulatedPayment.objects.select_for_update().get(pk=payment.pk)
    made: dict[str, int] = locked.details.setdefault("refunds", {})
    made[reference] = made.get(reference, 0) + 1
    is_new = made[reference] == 1
    locked.save(update_fields=["details"])
    if is_new:
        tell_more(locked, [Told("REFUND", {"success": "true", "reference": reference, "value": value})])
    return is_new


@transaction.atomic
def _conclude(
    payment: SimulatedPayment,
    state: str,
    story: Iterable[Told],
    *,
    source: str = SimulatedPayment.State.OPEN,
    delay: timedelta = timedelta(0),
) -> bool:
    if not SimulatedPayment.objects.filter(pk=payment.pk, state=source).update(state=state):
        return False
    told = list(story)
    telling = payment.psp.telling
    if telling == SimulatedPsp.Telling.REVERSED:
        told.reverse()
    for place, each in enumerate(told if telling != SimulatedPsp.Telling.NEVER else ()):
        SimulatedNotification.objects.create(
            payment=payment,
            word=each.word,
            facts=dict(each.facts),
            due_at=timezone.now() + delay * (place + 1),
        )
    return True


def tell_due(*, payment: SimulatedPayment | None = None, limit: int = 50) -> int:
    """
    Send what is due (of one payment, or of all) and return how many were acknowledged.

    What belongs to one payment stays in order: what comes later waits until the earlier is acknowledged.
    """
    due = SimulatedNotification.objects.filter(acknowledged_at=None, due_at__lte=timezone.now())
    due = due.filter(attempts__lte=len(_REPEAT_AFTER))
    if payment is not None:
        due = due.filter(payment=payment)
    acknowledged, waiting = 0, set[int]()
    with httpx2.Client(trust_env=False, timeout=_TIMEOUT_SECONDS) as client:
        for pk in list(due.order_by("pk").values_list("pk", flat=True)[:limit]):
            # Anew for each: the answer to the one before may have changed the payment, or taken this one back.
            found = SimulatedNotification.objects.select_related("payment__psp").filter(pk=pk, acknowledged_at=None)
            notification = found.first()
            if notification is None or notification.payment_id in waiting:
                continue
            if _tell(client, notification):
                acknowledged += 1
            else:
                waiting.add(notification.payment_id)
    return acknowledged


def tell_until(stop: threading.Event, *, pause_seconds: float = 1.0) -> None:
    """Go on telling until stopped; the body of a thread."""
    while not stop.wait(pause_seconds):
        try:
            tell_due()
        except DatabaseError:
            log.warning("simulated_psp_database_error", exc_info=True)
        finally:
            close_old_connections()


def _tell(client: httpx2.Client, notification: SimulatedNotification) -> bool:
    psp = notification.payment.psp
    protocol = PROTOCOLS[psp.slug]
    request = protocol.call(notification)
    url = f"{psp.platform_url}/{request.path}"
    headers = {"Content-Type": "application/json", **request.headers}
    acknowledged, answer = False, ""
    for _ in range(2 if psp.telling == SimulatedPsp.Telling.TWICE else 1):
        try:
            response = client.post(url, content=request.body, headers=headers)
        except httpx2.HTTPError as error:
            answer = type(error).__name__
            continue
        acknowledged = protocol.is_acknowledged(notification, response.status_code, response.content)
        answer = f"HTTP {response.status_code} {response.text}"
    notification.attempts += 1
    notification.answer = answer[:_LONGEST_TEXT]
    if acknowledged:
        notification.acknowledged_at = timezone.now()
    else:
        pause = _REPEAT_AFTER[min(notification.attempts, len(_REPEAT_AFTER)) - 1]
        notification.due_at = timezone.now() + timedelta(seconds=pause)
    notification.save(update_fields=["attempts", "answer", "acknowledged_at", "due_at"])
    return acknowledged
