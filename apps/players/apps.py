"""Django application `players`."""

from django.apps import AppConfig

from apps.players import fact_kinds, webhook_events


class PlayersConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.players"
    label = "players"

    def ready(self) -> None:
        """Declare the facts of players, and enter what operators' systems are told."""
        fact_kinds.register()
        webhook_events.register()
