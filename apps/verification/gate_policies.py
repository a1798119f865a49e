"""The regulation that gates ask, as typed questions to `compliance.policies`. No value published anywhere: no rule."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.compliance.policies import PolicyAnswer, policy, policy_for
from apps.players.models import Player

AGE_GATE, IDENTITY_GATE = "age_verification_gate", "identity_verification_gate"
CDD_THRESHOLD, LOCK_FUNDS = "cdd_threshold", "lock_funds_at_cdd_threshold"
LATE_KYC_FORBIDDEN, MIN_AGE = "late_kyc_on_withdrawal_forbidden", "min_age"

AT_LEAST = 18
"""Nowhere may anybody younger gamble, whatever a policy says."""
_LINKED_WINDOW = timedelta(hours=24)
"""What counts as linked where the rule names no window: one logged-in period, taken as a day."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """When full due diligence is due."""

    amount: Decimal
    currency: str
    basis: str
    window: timedelta
    counts_withdrawals: bool
    counts_play: bool
    answer: PolicyAnswer

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a due diligence."""
        return {
            "amount": str(self.amount),
            "currency": self.currency,
            "basis": self.basis,
            "window_hours": int(self.window.total_seconds() // 3600),
            "jurisdiction": self.answer.jurisdiction,
        }


def threshold_for(player: Player, now: datetime) -> Threshold | None:
    """Return the threshold of a player's law; None where there is none."""
    answer = policy_for(CDD_THRESHOLD, player=player, now=now)
    value = answer.value
    if not isinstance(value, dict) or "amount" not in value:
        return None
    basis = str(value.get("basis", "deposit or withdrawal"))
    days = value.get("window_days")
    return Threshold(
        amount=Decimal(str(value["amount"])),
        currency=str(value.get("currency", "EUR")),
        basis=basis,
        window=timedelta(days=int(days)) if days else _LINKED_WINDOW,
        counts_withdrawals="withdrawal" in basis,
        counts_play="stake" in basis,
        answer=answer,
    )


def minimum_age(jurisdiction: str, on: date) -> int:
    """Years, by the law of the player."""
    value = policy(MIN_AGE, jurisdiction=jurisdiction, on=on).value
    return max(AT_LEAST, int(value)) if isinstance(value, int) else AT_LEAST
