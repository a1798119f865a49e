"""Django application `monitoring`."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.monitoring"
    label = "monitoring"
