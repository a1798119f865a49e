"""Django application `payments`."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.payments"
    label = "payments"

    def ready(self) -> None:
        """Register what needs two people."""
        from apps.payments.commands import register  # noqa: PLC0415 - models are loaded by now

        register()
