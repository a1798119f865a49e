"""Django application `payments`."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.payments"
    label = "payments"

    def ready(self) -> None:
        """Register what needs two people, and what decisions on cases can do here."""
        from apps.payments import commands, effects, fact_kinds, webhook_events  # noqa: PLC0415 - models are loaded by now

        commands.register()
        effects.register()
        fact_kinds.register()
        webhook_events.register()
