"""Django application `verification`."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    """Registers the app under its short label, and the commands that two people carry out together."""

    name = "apps.verification"
    label = "verification"
    verbose_name = "Verification"

    def ready(self) -> None:
        """Register what this app lets two people do."""
        from apps.verification import commands, effects, fact_kinds, holdings, webhook_events  # noqa: PLC0415 - models must be loaded

        commands.register()
        effects.register()
        fact_kinds.register()
        webhook_events.register()
        holdings.register()
