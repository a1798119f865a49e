"""Django application `bonuses`."""

from django.apps import AppConfig


class BonusesConfig(AppConfig):
    """Registers the app under its short label, and what becomes of bonuses when a player is excluded."""

    name = "apps.bonuses"
    label = "bonuses"

    def ready(self) -> None:
        """Register what needs two people and what operators are told; let an exclusion end bonuses with itself."""
        from apps.bonuses import commands, fact_kinds, holdings, webhook_events  # noqa: PLC0415 - models are loaded by now
        from apps.bonuses.operations.endings import end_for_exclusion  # noqa: PLC0415 - likewise
        from apps.safer_play.exclusions import ON_EXCLUSION  # noqa: PLC0415 - likewise

        ON_EXCLUSION.append(end_for_exclusion)
        fact_kinds.register()
        commands.register()
        holdings.register()
        webhook_events.register()
