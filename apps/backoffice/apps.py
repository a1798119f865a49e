"""Django application `backoffice`."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.backoffice"
    label = "backoffice"
