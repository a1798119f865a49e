"""What a check answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.payments.models import Check, Withdrawal

Result = Check.Result


@dataclass(frozen=True, slots=True)
class Answer:
    """A check's answer: may it go on, why not, and what speaks for that."""

    result: Result
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """JSON values that staff can look up; amounts as texts with their currency."""


Ask = Callable[[Withdrawal, datetime], Answer]


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One check: what it is called, what it asks, and what the player may know while he waits for it."""

    name: str
    title: str
    ask: Ask
    version: int = 1
    player_reason: str = ""
    """A code for the player; empty where any hint would tip off, or help a thief."""


def passed(reason: str = "", **evidence: Any) -> Answer:
    """Nothing speaks against it."""
    return Answer(Result.PASSED, reason, evidence)


def review(reason: str, **evidence: Any) -> Answer:
    """A person has to look."""
    return Answer(Result.REVIEW, reason, evidence)


def hold(reason: str, **evidence: Any) -> Answer:
    """Something has to happen first."""
    return Answer(Result.HOLD, reason, evidence)
