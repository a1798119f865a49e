"""Django application `compliance`."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Registers the app under its short label, and the commands that two people carry out together."""

    name = "apps.compliance"
    label = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        """Register what this app lets two people do."""
        from apps.compliance import commands, decisions, effects, linked_people, timeline  # noqa: PLC0415 - models first

        commands.register()
        decisions.register_commands()
        effects.register_own()
        timeline.register_own()
        linked_people.register_own()
