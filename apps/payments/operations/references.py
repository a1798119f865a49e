"""Finding the payment that a provider speaks of."""

from apps.payments.contract import PaymentEvent
from apps.payments.models import Attempt, Deposit, Withdrawal


def attempt_of(integration_id: int, event: PaymentEvent) -> Attempt | None:
    """
    Find the attempt by the provider's reference, else by ours; None for an orphan.

    The provider's says more: two payments may have come under one reference of ours. It is learned from an event that
    carries both.
    """
    attempts = Attempt.objects.filter(integration_id=integration_id)
    told = attempts.filter(psp_reference=event.psp_reference).first() if event.psp_reference else None
    if told is not None:
        return told
    found = attempts.filter(key=event.reference).first() if event.reference else None
    if found is not None and event.psp_reference and not found.psp_reference:
        attempts.filter(pk=found.pk, psp_reference="").update(psp_reference=event.psp_reference)
        found.psp_reference = event.psp_reference
    return found


def key_of(payment: Deposit | Withdrawal, number: int) -> str:
    """Make the deterministic key of an attempt: ours, and never that of another attempt."""
    prefix = "d" if isinstance(payment, Deposit) else "w"
    return f"{prefix}-{payment.public_id.hex}-{number}"
