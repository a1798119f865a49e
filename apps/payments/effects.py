"""What a decision on a case can do to money on its way out: hold it, let it be decided on again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.effects import register_effect
from apps.compliance.models import Case
from apps.payments.operations.case_holds import hold_for_case, release_for_case


def register() -> None:
    """Register them; called once the models are loaded."""
    register_effect(
        "hold_withdrawals",
        title="Hold withdrawals",
        permission="compliance.decide_case",
        apply=_hold,
        holds=lambda _params: ["withdrawals"],
        danger=True,
        description="Every withdrawal that people still decide on waits, and the player is not told why.",
    )
    register_effect(
        "release_withdrawals",
        title="Release withdrawals",
        permission="compliance.decide_case",
        apply=_release,
        releases=lambda _params: ["withdrawals"],
        reverses=("hold_withdrawals",),
        description="They go back to those who decide on withdrawals; two people have to agree to each.",
    )


def _hold(
    *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
) -> Mapping[str, Any]:
    del params, reason_code, note  # kept with the decision
    return {"held": hold_for_case(player_id=case.player_id, case=case.reference, actor=actor, now=now)}


def _release(
    *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
) -> Mapping[str, Any]:
    del params, reason_code, note  # kept with the decision
    return {"released": release_for_case(player_id=case.player_id, case=case.reference, actor=actor, now=now)}
