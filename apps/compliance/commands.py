"""What compliance itself lets two people do together: publishing and withdrawing policies."""

from collections.abc import Mapping
from typing import Any

from apps.compliance import policy_changes
from apps.compliance.approvals import register_command
from apps.compliance.models.policies import PolicyVersion


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        policy_changes.PUBLISH_COMMAND,
        title="Publish a policy",
        maker_permission=policy_changes.PROPOSE_PERMISSION,
        checker_permission=policy_changes.PUBLISH_PERMISSION,
        execute=policy_changes.publish,
        describe=_publication,
        revalidate=policy_changes.recheck_publication,
        abandon=policy_changes.abandon_publication,
    )
    register_command(
        policy_changes.WITHDRAW_COMMAND,
        title="Withdraw a policy",
        maker_permission=policy_changes.PROPOSE_PERMISSION,
        checker_permission=policy_changes.PUBLISH_PERMISSION,
        execute=policy_changes.withdraw,
        describe=_withdrawal,
        revalidate=policy_changes.recheck_withdrawal,
    )


def _publication(payload: Mapping[str, Any]) -> str:
    return f"{_named(payload)} would be in force."


def _withdrawal(payload: Mapping[str, Any]) -> str:
    return f"{_named(payload)} would no longer be in force."


def _named(payload: Mapping[str, Any]) -> str:
    version = PolicyVersion.objects.get(pk=payload["version"])
    return f"{version}: {version.value!r}"
