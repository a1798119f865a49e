"""Django application `monitoring`."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Registers the app under its short label, its commands for two people and its cards on the case page."""

    name = "apps.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        """Register what two people do together here, what the case page shows of it, and a say about log-ins."""
        from apps.monitoring import admissions, case_parts, holdings, overrides, publication  # noqa: PLC0415 - models first
        from apps.players import admission  # noqa: PLC0415 - likewise

        admission.AFTER_LOGIN.append(admissions.after_login)
        publication.register()
        overrides.register()
        case_parts.register()
        holdings.register()
