"""What two people do together with rounds: void them, resettle one, publish a policy for interrupted ones."""

from apps.compliance.approval_commands import register_command
from apps.providers import resettling, round_policies, round_voids


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(round_voids.VOID_COMMAND, **round_voids.register_terms())
    register_command(resettling.RESETTLE_COMMAND, **resettling.register_terms())
    register_command(
        round_policies.PUBLISH_COMMAND,
        title="Publish a policy for interrupted rounds",
        maker_permission=round_policies.PROPOSE_PERMISSION,
        checker_permission=round_policies.PUBLISH_PERMISSION,
        execute=round_policies.publish,
        describe=round_policies.describe,
        revalidate=round_policies.require_sound,
    )
