"""The facts that payments record, and those they follow, declared."""

from apps.integrations.fact_kinds import declare_facts, follow_facts
from apps.payments.operations import case_holds, source_refunds
from apps.payments.operations.steps import DEPOSIT_FACTS, WITHDRAWAL_FACTS

_PAYMENT = {
    "amount_units": int, "currency": str, "method": str, "integration": str, "instrument": str, "is_incident": bool,
}  # fmt: skip
_INSTRUMENT = {
    "method": str, "instrument": str, "holder_match": float | None, "verification": str, "is_shared": bool,
    "is_blocked": bool, "name_score": int | None,
}  # fmt: skip
_DISPUTE = {
    "deposit": str, "amount_units": int, "debited_units": int, "owed_units": int, "currency": str, "stage": str,
    "status": str,
}  # fmt: skip


def register() -> None:
    """Declare them; called once, when the app is ready."""
    deposits = (f"payments.deposit.{word}" for word in DEPOSIT_FACTS.values())
    # Rules compare these countries; no provider's adapter tells them yet.
    countries = {"ip_country": str, "bin_country": str, "holder_match": float}
    declare_facts(deposits, {**_PAYMENT, "settled_units": int, "reason": str}, countries)
    declare_facts((f"payments.withdrawal.{word}" for word in WITHDRAWAL_FACTS.values()), _PAYMENT)
    declare_facts((f"payments.instrument.{word}" for word in ("added", "changed")), _INSTRUMENT)
    declare_facts((f"payments.dispute.{word}" for word in ("opened", "updated", "closed")), _DISPUTE)
    refund = {"deposit": str, "amount_units": int, "currency": str, "method": str}
    declare_facts(["payments.refund.made"], refund)
    follow_facts("payments.case_holds", case_holds.FOLLOWED)
    follow_facts(source_refunds.CONSUMER, source_refunds.FOLLOWED)
