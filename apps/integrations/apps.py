"""Django application `integrations`."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.integrations"
    label = "integrations"
