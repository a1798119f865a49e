"""Django application `payments`."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.payments"
    label = "payments"
