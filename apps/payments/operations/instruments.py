"""What is known of the accounts that players pay from and are paid to."""

from datetime import datetime

from apps.payments.contract import InstrumentFacts
from apps.payments.models import Attempt, Deposit, Instrument


def note_instrument(deposit: Deposit, attempt: Attempt, facts: InstrumentFacts | None, *, now: datetime) -> Instrument:
    """
    Remember where a settled deposit came from, so that money may go back there.

    A provider that names no account still has one: the payment's own method at that provider stands for it.
    """
    token = facts.token if facts and facts.token else f"player:{deposit.player.public_id}"
    instrument, made = Instrument.objects.get_or_create(
        player_id=deposit.player_id,
        method_id=deposit.method_id,
        integration_id=attempt.integration_id,
        token=token[:200],
        defaults={
            "masked": facts.masked[:80] if facts else "",
            "holder": facts.holder[:160] if facts else "",
            # Money came from there, under this player's login.
            "is_verified": True,
            "changed_at": now,
            "last_used_at": now,
        },
    )
    if not made:
        instrument.last_used_at = now
        instrument.save(update_fields=["last_used_at"])
    return instrument


def is_shared(instrument: Instrument) -> bool:
    """Whether other players use the same account."""
    same = Instrument.objects.filter(
        method_id=instrument.method_id, integration=instrument.integration, token=instrument.token
    )
    return same.exclude(player_id=instrument.player_id).exists()
