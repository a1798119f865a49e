"""Django application `brands`."""

from django.apps import AppConfig


class BrandsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.brands"
    label = "brands"
