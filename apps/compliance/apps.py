"""Django application `compliance`."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Registers the app under its short label, and the commands that two people carry out together."""

    name = "apps.compliance"
    label = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        """Register what this app lets two people do."""
        from apps.compliance import commands  # noqa: PLC0415 - models must be loaded

        commands.register()
