"""Configuration of the staff site; it checks at start-up that no page can be walked around."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BackofficeConfig(AppConfig):
    """The top of the house: sees every app, is seen by none."""

    name = "apps.backoffice"
    label = "backoffice"
    verbose_name = "Back-office"

    def ready(self) -> None:
        """Refuse unsafe pages, and keep the roles' permissions as the code says after each migration."""
        from django.contrib import admin  # noqa: PLC0415 - pages are registered by now, not before

        from apps.backoffice import (  # noqa: PLC0415 - models are loaded by now
            case_personal,
            case_sources,
            evidence_rounds,
            personal_data,
            personal_holdings,
            staff_log,
            staff_roles,
            vendors,
        )
        from apps.core.admin_safety import refuse_unsafe_pages  # noqa: PLC0415 - likewise

        personal_holdings.register()
        staff_log.register()
        personal_data.register()
        staff_roles.register()
        refuse_unsafe_pages(admin.site)
        evidence_rounds.register()
        case_sources.register()
        case_personal.register()
        vendors.register()
        post_migrate.connect(_sync_roles, sender=self, dispatch_uid="backoffice.sync_roles")


def _sync_roles(**_: Any) -> None:
    from apps.backoffice.roles import sync_roles  # noqa: PLC0415 - needs the apps loaded

    sync_roles()
