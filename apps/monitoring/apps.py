"""Django application `monitoring`."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Registers the app under its short label, its commands for two people and its cards on the case page."""

    name = "apps.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        """Register what two people do together here, what the case page shows of it, and a say about log-ins."""
        from apps.compliance import contacts  # noqa: PLC0415 - likewise
        from apps.monitoring import (  # noqa: PLC0415 - models first
            admissions,
            case_parts,
            fact_kinds,
            holdings,
            overrides,
            publication,
        )
        from apps.monitoring.reference import list_named  # noqa: PLC0415 - likewise
        from apps.players import admission  # noqa: PLC0415 - likewise

        contacts.WORD_LISTS.append(lambda: list_named("words_of_concern"))
        admission.AFTER_LOGIN.append(admissions.after_login)
        publication.register()
        overrides.register()
        case_parts.register()
        holdings.register()
        fact_kinds.register()
