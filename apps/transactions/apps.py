"""Django application `transactions`."""

from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.transactions"
    label = "transactions"
