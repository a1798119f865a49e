"""Django application `core`."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the app under its short label and the hooks that carry request ids into tasks."""

    name = "apps.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        """Connect Celery's hooks in every process: web publishes, workers run."""
        from apps.core import request_context_celery  # noqa: PLC0415 - Celery needs settings first

        request_context_celery.connect()
