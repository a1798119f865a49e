"""Django application `reconciliation`."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.reconciliation"
    label = "reconciliation"
