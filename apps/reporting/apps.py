"""Django application `reporting`."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """Registers the app under its short label, and the events that operators' systems can be told of."""

    name = "apps.reporting"
    label = "reporting"
    verbose_name = "Game operations"

    def ready(self) -> None:
        """Declare its fact and event (an RTP alert), and what two people do together."""
        from apps.integrations.outgoing.catalogue import TEXT, register_event  # noqa: PLC0415 - when apps are ready
        from apps.reporting import commands, fact_kinds  # noqa: PLC0415 - likewise

        fact_kinds.register()
        commands.register()
        register_event(
            "games.rtp.alerted",
            "The return to player of a game left its tolerance; game operations have been alerted.",
            {"game": TEXT, "direction": TEXT, "declared": TEXT, "measured": TEXT, "rounds": {"type": "integer"}},
        )
