"""A risk level that people set: asked for by one, agreed by another, with a reason and an end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.approval_commands import register_command
from apps.compliance.approvals import request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from apps.monitoring.models import RiskKind, RiskOverride
from apps.monitoring.risk import HIGHEST, LOWEST, assess
from apps.players.models import Player

COMMAND = "monitoring.override_risk"
LONGEST = timedelta(days=180)


class OverrideNotSound(DomainError):
    """The level is none, or the end lies in the past or more than 180 days away."""

    code = "risk-override-not-sound"
    title = "This level can not be set"
    status = 422


def request_override(
    *, player_id: int, kind: str, level: int, until: datetime, reason: str, maker: User, now: datetime
) -> ApprovalRequest:
    """
    Ask for another risk level of a player, until a date at most 180 days away.

    :raises OverrideNotSound: for a level or an end that is none
    """
    payload = {
        "player": player_id, "kind": kind, "level": level, "until": until.isoformat(), "reason": reason[:300],
    }  # fmt: skip
    return request_approval(
        command=COMMAND, payload=payload, maker=maker, reason=reason, now=now, subject_player_id=player_id
    )


def register() -> None:
    """Register the command; called once the models are loaded."""
    register_command(
        COMMAND, title="Set a player's risk level", maker_permission="monitoring.override_risk",
        checker_permission="monitoring.approve_riskoverride", execute=_set, describe=_described, revalidate=_check,
    )  # fmt: skip


def _described(payload: Mapping[str, Any]) -> str:
    player = Player.objects.only("username").get(pk=payload["player"])
    scale = RiskKind(payload["kind"]).label.lower()
    until = payload["until"][:10]
    return f"{player.username}: risk of {scale} is level {payload['level']} until {until}, whatever is computed."


def _check(*, payload: Mapping[str, Any], now: datetime) -> None:
    until = datetime.fromisoformat(payload["until"])
    sound = now < until <= now + LONGEST and payload["kind"] in RiskKind.values
    if not sound or payload["level"] not in range(LOWEST, HIGHEST + 1):
        raise OverrideNotSound("A level from 1 to 5, until a date within 180 days.")


def _set(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """It counts at once, replaces one that runs, and ends by itself."""
    running = RiskOverride.objects.select_for_update().filter(
        player_id=payload["player"], kind=payload["kind"], state="running"
    )
    for other in running:
        other.state = RiskOverride.State.ENDED
        other.save(update_fields=["state"])
    made = RiskOverride.objects.create(
        player_id=payload["player"], kind=payload["kind"], level=payload["level"], reason=payload["reason"],
        until=datetime.fromisoformat(payload["until"]), maker=maker, checker=checker, decided_at=now,
    )  # fmt: skip
    assess([made.player_id], kinds=[made.kind], now=now, why=f"Set by staff: {made.reason}")
    return {"override": made.pk}
