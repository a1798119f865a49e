"""Django application `verification`."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.verification"
    label = "verification"
    verbose_name = "Verification"
