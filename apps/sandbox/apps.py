"""Django application `sandbox`."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.sandbox"
    label = "sandbox"
