"""Finding the payment that a provider speaks of."""

from apps.payments.contract import PaymentEvent
from apps.payments.models import Attempt, Deposit, Withdrawal


def attempt_of(integration_id: int, event: PaymentEvent) -> Attempt | None:
    """
    Find the attempt by our own reference, else by the provider's; None for an orphan.

    Learns the provider's reference from an event that carries both.
    """
    attempts = Attempt.objects.filter(integration_id=integration_id)
    found = attempts.filter(key=event.reference).first() if event.reference else None
    if found is None and event.psp_reference:
        return attempts.filter(psp_reference=event.psp_reference).first()
    if found is not None and event.psp_reference and not found.psp_reference:
        is_free = not attempts.filter(psp_reference=event.psp_reference).exists()
        if is_free:
            attempts.filter(pk=found.pk, psp_reference="").update(psp_reference=event.psp_reference)
            found.psp_reference = event.psp_reference
    return found


def key_of(payment: Deposit | Withdrawal, number: int) -> str:
    """Make the deterministic key of an attempt: ours, and never that of another attempt."""
    prefix = "d" if isinstance(payment, Deposit) else "w"
    return f"{prefix}-{payment.public_id.hex}-{number}"
