"""Django application `providers`."""

from importlib import import_module

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.providers"
    label = "providers"

    def ready(self) -> None:
        """Import the adapters, plug-ins included."""
        import_module("apps.providers.registry").load_adapters()
