"""Django application `monitoring`."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Registers the app under its short label, its commands for two people and its cards on the case page."""

    name = "apps.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        """Register what two people do together here, and what the case page shows of it."""
        from apps.monitoring import case_parts, overrides, publication  # noqa: PLC0415 - models first

        publication.register()
        overrides.register()
        case_parts.register()
