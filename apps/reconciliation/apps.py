"""Django application `reconciliation`."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.reconciliation"
    label = "reconciliation"

    def ready(self) -> None:
        """Enter what two people do together."""
        from apps.reconciliation.commands import register  # noqa: PLC0415 - once the models are loaded

        register()
