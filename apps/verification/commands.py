"""What verification lets two people do together: see `compliance.approval_commands`."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.approval_commands import register_command
from apps.verification.models import DueDiligence, ScreeningHit
from apps.verification.operations import due_diligence, hits


def register() -> None:
    """Register the commands; called once the models are loaded."""
    for name, title, execute, describe in (
        (due_diligence.RELEASE_COMMAND, "Release locked funds", due_diligence.release_funds, _release),
        (due_diligence.REFUND_COMMAND, "Refund locked funds to source", due_diligence.refund_funds, _refund),
    ):
        register_command(
            name,
            title=title,
            maker_permission=due_diligence.PROPOSE_PERMISSION,
            checker_permission=due_diligence.APPROVE_PERMISSION,
            execute=execute,
            describe=describe,
            revalidate=due_diligence.require_locked,
        )
    register_command(
        hits.CLEAR_COMMAND,
        title="Clear a sanctions hit as somebody else",
        maker_permission=hits.REVIEW_PERMISSION,
        checker_permission=hits.CLEAR_PERMISSION,
        execute=hits.execute_clear,
        describe=_clearing,
        revalidate=hits.require_clearable,
    )


def _release(payload: Mapping[str, Any]) -> str:
    return f"The locked funds of {_whose(payload)} would be withdrawable again."


def _refund(payload: Mapping[str, Any]) -> str:
    return f"The locked funds of {_whose(payload)} would go back to the instruments they came from."


def _whose(payload: Mapping[str, Any]) -> str:
    return DueDiligence.objects.select_related("player").get(pk=payload["due_diligence"]).player.username


def _clearing(payload: Mapping[str, Any]) -> str:
    hit = ScreeningHit.objects.select_related("player").get(pk=payload["hit"])
    return f"{hit.player.username} would count as somebody else than {hit.caption} ({hit.entity_id})."
