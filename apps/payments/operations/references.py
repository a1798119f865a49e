"""Finding the payment that a provider speaks of."""

from django.db.models import Q

from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Attempt, Deposit, Withdrawal


def attempt_of(integration_id: int, event: PaymentEvent) -> Attempt | None:
    """
    Find the attempt by the provider's reference, else by ours; None for an orphan.

    The provider's says more: two payments may have come under one reference of ours.
    """
    named = Q(key=event.reference) if event.reference else Q()
    if event.psp_reference:
        named |= Q(psp_reference=event.psp_reference)
    if not named:
        return None
    found = Attempt.objects.filter(named, integration_id=integration_id)
    return max(found, key=lambda attempt: attempt.psp_reference == event.psp_reference != "", default=None)


def learn_reference(attempt: Attempt, event: PaymentEvent) -> None:
    """Remember the provider's reference of an attempt from an event that carries both; under the payment's lock."""
    if event.event_id and event.psp_reference and not attempt.psp_reference:
        attempt.psp_reference = event.psp_reference
        if event.kind != EventKind.DEPOSIT_SETTLED:  # which writes the attempt anyway, or contradicts what is known
            attempt.save(update_fields=["psp_reference"])


def key_of(payment: Deposit | Withdrawal, number: int) -> str:
    """Make the deterministic key of an attempt: ours, and never that of another attempt."""
    prefix = "d" if isinstance(payment, Deposit) else "w"
    return f"{prefix}-{payment.public_id.hex}-{number}"
