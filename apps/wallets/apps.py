"""Django application `wallets`."""

from django.apps import AppConfig


class WalletsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.wallets"
    label = "wallets"
