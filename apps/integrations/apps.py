"""Django application `integrations`."""

from typing import Any

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.integrations"
    label = "integrations"

    def ready(self) -> None:
        """Let Celery's child processes write what they have logged before they end: they run no exit functions."""
        from celery.signals import worker_process_shutdown  # noqa: PLC0415 - Celery needs settings first

        worker_process_shutdown.connect(_close_log, weak=False, dispatch_uid="apps.integrations.close_log")


def _close_log(**_: Any) -> None:
    from apps.integrations import exchange_log  # noqa: PLC0415 - needs the app registry

    exchange_log.close()
