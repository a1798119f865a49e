"""Django application `integrations`."""

from typing import Any

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Registers the app under its short label."""

    name = "apps.integrations"
    label = "integrations"

    def ready(self) -> None:
        """Enter events; let Celery's child processes write what they have logged: they run no exit functions."""
        from celery.signals import worker_process_shutdown  # noqa: PLC0415 - Celery needs settings first
        from django.core import checks  # noqa: PLC0415 - likewise

        from apps.integrations.fact_checks import check_facts  # noqa: PLC0415 - needs the app registry

        checks.register(check_facts)
        _register_events()
        worker_process_shutdown.connect(_close_log, weak=False, dispatch_uid="apps.integrations.close_log")


def _close_log(**_: Any) -> None:
    from apps.integrations import exchange_log  # noqa: PLC0415 - needs the app registry

    exchange_log.close()


def _register_events() -> None:
    from apps.integrations.fact_kinds import declare_facts  # noqa: PLC0415 - needs settings
    from apps.integrations.outgoing.catalogue import TEXT, register_event  # noqa: PLC0415 - needs the app registry

    words = ("integration", "rule", "severity", "summary", "opened_at")
    declare_facts((f"integrations.incident.{what}" for what in ("opened", "closed")), dict.fromkeys(words, str))
    told = dict.fromkeys(words, TEXT)
    register_event("integrations.incident.opened", "A vendor has fallen short of its targets.", told)
    register_event("integrations.incident.closed", "A vendor is well again.", told)
