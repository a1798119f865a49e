"""Django application `players`."""

from django.apps import AppConfig


class PlayersConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.players"
    label = "players"
