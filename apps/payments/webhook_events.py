"""What operators' systems are told of payments: amounts, states, ids; no names, no card or account, no reason."""

from apps.integrations.outgoing.catalogue import FLAG, MONEY, TEXT, register_event

_DEPOSIT = {
    "initiated": "A player has begun a deposit.",
    "settled": "A deposit has arrived and is on the player's balance.",
    "failed": "A deposit has failed.",
    "expired": "A deposit was never finished.",
    "reversed": "A deposit has been taken back, in part or as a whole.",
}
_WITHDRAWAL = {
    "requested": "A player has asked for money.",
    "held": "A withdrawal waits for something to happen first.",
    "approved": "A withdrawal may be paid.",
    "paid": "A withdrawal has been paid.",
    "failed": "A withdrawal could not be paid; the money is back on the balance.",
    "returned": "A bank has sent a withdrawal back.",
    "cancelled": "A player has taken a withdrawal back.",
    "rejected": "A withdrawal was refused.",
}
_DISPUTE = {
    "opened": "A deposit is contested.",
    "updated": "A dispute has moved on.",
    "closed": "A dispute has come to its end.",
}


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    payment = {"amount": MONEY, "method": TEXT, "integration": TEXT}
    for word, summary in _DEPOSIT.items():
        register_event(f"payments.deposit.{word}", summary, {**payment, "settled": MONEY})
    for word, summary in _WITHDRAWAL.items():
        register_event(f"payments.withdrawal.{word}", summary, payment)
    dispute = {"deposit": TEXT, "amount": MONEY, "debited": MONEY, "owed": MONEY, "stage": TEXT, "status": TEXT}
    for word, summary in _DISPUTE.items():
        register_event(f"payments.dispute.{word}", summary, dispute)
    instrument = {"method": TEXT, "verification": TEXT, "is_blocked": FLAG}
    register_event("payments.instrument.added", "An account or card of a player became known.", instrument)
    register_event("payments.instrument.changed", "Something else is known of an account or card.", instrument)
    register_event(
        "payments.refund.made", "A deposit goes back, in part or as a whole.", {"deposit": TEXT, "amount": MONEY}
    )
