"""Is the money going to the player's own account, and the way it came?"""

from datetime import datetime, timedelta

from apps.core.admin_display import amount_text
from apps.payments.checks.answer import Answer, hold, passed, review
from apps.payments.closed_loop import allocate
from apps.payments.models import Deposit, Instrument, Withdrawal
from apps.payments.operations.instruments import is_shared

YOUNG_INSTRUMENT = timedelta(hours=24)
NAMED_WITHIN = timedelta(hours=1)


def owner(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001 - every check is asked alike
    """The instrument is usable, nobody else's, and known to be the player's own."""
    instrument = withdrawal.instrument
    if instrument is None:
        return passed("The cashier chose it.")
    evidence = {"instrument": str(instrument.public_id), "name_score": instrument.name_score}
    if instrument.is_blocked:
        return hold("The instrument is blocked.", **evidence)
    if is_shared(instrument):
        return review("Another player uses the same instrument.", **evidence)
    if instrument.verification == Instrument.Verification.MISMATCH:
        return review("The provider names another holder than the player.", **evidence)
    if not instrument.is_verified:
        return review("Nobody knows that it is the player's own.", **evidence)
    return passed("", **evidence)


def age(withdrawal: Withdrawal, now: datetime) -> Answer:
    """The instrument was not added or changed lately, or money has come from it."""
    instrument = withdrawal.instrument
    if instrument is None:
        return passed("The cashier chose it.")
    evidence = {"changed_at": instrument.changed_at.isoformat()}
    if now - instrument.changed_at >= YOUNG_INSTRUMENT:
        return passed("", **evidence)
    # Paid with, and not touched by anybody since. A provider may name the account a moment after the payment.
    since = Deposit.objects.filter(
        instrument=instrument, settled_units__gt=0, settled_at__gte=instrument.changed_at - NAMED_WITHIN
    )
    if since.exists() and instrument.changed_by_id is None:
        return passed("Money has come from it since.", **evidence)
    return review("The instrument is new or was changed lately.", **evidence)


def closed_loop(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001
    """Money goes back to where it came from first; the rest to an own account that is verified."""
    found = allocate(
        player=withdrawal.player, money=withdrawal.money, chosen=withdrawal.instrument,
        method_id=withdrawal.method_id, without=withdrawal.pk,
    )  # fmt: skip
    shares = {share.label: amount_text(share.units, withdrawal.currency) for share in found.shares}
    evidence = {"return": shares, "remainder": amount_text(found.remainder_units, withdrawal.currency)}
    return passed("", **evidence) if found.is_kept else review(found.reason, **evidence)
