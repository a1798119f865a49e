"""Django application `players`."""

from django.apps import AppConfig

from apps.players import webhook_events


class PlayersConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.players"
    label = "players"

    def ready(self) -> None:
        """Enter what operators' systems are told of players."""
        webhook_events.register()
