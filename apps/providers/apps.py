"""Django application `providers`."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.providers"
    label = "providers"
