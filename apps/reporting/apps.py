"""Django application `reporting`."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """Registers the app under its short label, and the events that operators' systems can be told of."""

    name = "apps.reporting"
    label = "reporting"
    verbose_name = "Game operations"

    def ready(self) -> None:
        """Enter the event of an RTP alert into the catalogue of outgoing webhooks, and what two people do together."""
        from apps.integrations.outgoing.catalogue import TEXT, register_event  # noqa: PLC0415 - when apps are ready
        from apps.reporting import commands  # noqa: PLC0415 - likewise

        commands.register()
        register_event(
            "games.rtp.alerted",
            "The return to player of a game left its tolerance; game operations have been alerted.",
            {"game": TEXT, "direction": TEXT, "declared": TEXT, "measured": TEXT, "rounds": {"type": "integer"}},
        )
