"""What a decision on a case can have verification do: ask the player for documents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.effects import EffectField, register_effect
from apps.compliance.models import Case
from apps.verification.models import Verification
from apps.verification.operations.sessions import open_request

REQUEST_PERMISSION = "verification.request_verification"


def register() -> None:
    """Register the effects; called once the models are loaded."""
    register_effect(
        "request_documents",
        title="Ask for documents",
        permission=REQUEST_PERMISSION,
        apply=_request_documents,
        fields=(EffectField("level", "What is asked for", kind="choice", choices=tuple(Verification.Level.choices)),),
        description="The player finds it under his verifications; his answer comes through the identity vendor.",
    )


def _request_documents(
    *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
) -> Mapping[str, Any]:
    del reason_code, note, actor  # kept with the decision
    made = open_request(player=case.player, level=str(params["level"]), trigger="case", now=now)
    return {"verification": str(made.public_id), "level": made.level}
