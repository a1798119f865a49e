"""
The regulation that gates ask, by jurisdiction: the values of the policy matrix of confidence A and B, with their dates.

This is the one place that asks for a policy. Where the matrix is silent the strictest value that is modelled holds for
money going out, and a jurisdiction's own silence never opens a gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

AGE_GATE, IDENTITY_GATE = "age_verification_gate", "identity_verification_gate"
CDD_THRESHOLD, LOCK_FUNDS = "cdd_threshold", "lock_funds_at_cdd_threshold"
LATE_KYC_FORBIDDEN, MIN_AGE = "late_kyc_on_withdrawal_forbidden", "min_age"


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """One value in force, and where it comes from."""

    parameter: str
    jurisdiction: str
    value: Any
    version_id: int | None = None
    confidence: str = ""
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    value: Any
    confidence: str
    valid_from: date | None = None


_THRESHOLD = {"amount": "2000", "currency": "EUR"}
_MATRIX: Mapping[tuple[str, str], _Row] = MappingProxyType(
    {
        ("GB", AGE_GATE): _Row("before_deposit", "B", date(2019, 5, 7)),
        ("GB", IDENTITY_GATE): _Row("before_play", "A"),
        ("GB", LATE_KYC_FORBIDDEN): _Row(True, "A"),
        ("GB", CDD_THRESHOLD): _Row({**_THRESHOLD, "basis": "deposit_or_withdrawal", "window_hours": 24}, "A"),
        ("GB", LOCK_FUNDS): _Row(True, "A"),
        ("MT", IDENTITY_GATE): _Row("at_cdd_threshold", "A"),
        ("MT", CDD_THRESHOLD): _Row({**_THRESHOLD, "basis": "deposits", "window_hours": 180 * 24}, "A"),
        ("US-NJ", IDENTITY_GATE): _Row("before_account", "A"),
        ("US-NJ", MIN_AGE): _Row(21, "A"),
        ("CA-ON", MIN_AGE): _Row(19, "C"),
    }
)
_STRICTEST: Mapping[str, Any] = MappingProxyType(
    {
        AGE_GATE: "before_play",
        IDENTITY_GATE: "at_cdd_threshold",
        LATE_KYC_FORBIDDEN: False,
        CDD_THRESHOLD: {**_THRESHOLD, "basis": "deposit_or_withdrawal", "window_hours": 180 * 24},
        LOCK_FUNDS: False,
        MIN_AGE: 18,
    }
)
"""Where nothing of confidence A or B is known. Age is stated at registration and proven before a withdrawal at least."""


def gate_policy(parameter: str, *, jurisdiction: str, on: date) -> GatePolicy:
    """Return the value in force on a day: the jurisdiction's own, else that of the state it is part of, else ours."""
    for code in (jurisdiction, jurisdiction.partition("-")[0]):
        row = _MATRIX.get((code, parameter))
        if row is not None and (row.valid_from is None or row.valid_from <= on):
            return GatePolicy(parameter, code, row.value, None, row.confidence, row.valid_from)
    return GatePolicy(parameter, jurisdiction, _STRICTEST[parameter])


def minimum_age(jurisdiction: str) -> int:
    """Years, by the law of the player."""
    return int(gate_policy(MIN_AGE, jurisdiction=jurisdiction, on=date.max).value)
