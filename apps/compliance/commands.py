"""What compliance itself lets two people do together: publishing and withdrawing policies, releasing holds."""

from collections.abc import Mapping
from typing import Any

from apps.compliance import policy_changes, retention
from apps.compliance.approval_commands import register_command
from apps.compliance.models.policies import PolicyVersion
from apps.compliance.models.retention import LegalHold
from apps.compliance.policy_view import lines_of
from apps.compliance.policy_words import days_words, parameter_title


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
    register_command(
        retention.RELEASE_COMMAND,
        title="Release a legal hold",
        maker_permission=retention.PLACE_PERMISSION,
        checker_permission=retention.RELEASE_PERMISSION,
        execute=retention.release_hold,
        describe=_release,
        revalidate=retention.recheck_release,
    )


def _publication(payload: Mapping[str, Any]) -> str:
    version = _version(payload)
    replaced = f" Replaces version {version.replaces_id}." if version.replaces_id else ""
    return f"{_named(version)} becomes {_words(version)}, {_days(version)}.{replaced}"


def _withdrawal(payload: Mapping[str, Any]) -> str:
    version = _version(payload)
    return f"{_named(version)} is no longer {_words(version)}, {_days(version)}; older versions speak again, if any."


def _release(payload: Mapping[str, Any]) -> str:
    hold = LegalHold.objects.select_related("owner").get(pk=payload["hold"])
    return (
        f"The legal hold “{hold.scope}” of {hold.owner.get_username()} ends. "
        "From then on the player's personal data are erased when the law lets go of them."
    )


def _version(payload: Mapping[str, Any]) -> PolicyVersion:
    return PolicyVersion.objects.select_related("parameter", "jurisdiction", "brand").get(pk=payload["version"])


def _named(version: PolicyVersion) -> str:
    at_brand = f" at {version.brand.name}" if version.brand else ""
    return f"{parameter_title(version.parameter_id)} of {version.jurisdiction.name}{at_brand}"


def _words(version: PolicyVersion) -> str:
    return "; ".join(lines_of(version.parameter, version.value))


def _days(version: PolicyVersion) -> str:
    return days_words(version.valid_from, version.valid_to)
