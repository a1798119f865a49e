"""Django application `providers`."""

from importlib import import_module

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Registers the app under its short label, and what becomes of games when a player is excluded."""

    name = "apps.providers"
    label = "providers"

    def ready(self) -> None:
        """Import the adapters, plug-ins included; let an exclusion end game sessions in its own transaction."""
        from apps.providers import fact_kinds, round_commands, webhook_events  # noqa: PLC0415 - models are loaded by now
        from apps.providers.game_sessions import end_for_exclusion  # noqa: PLC0415 - models are loaded by now
        from apps.providers.incomplete_rounds import in_play_of  # noqa: PLC0415 - likewise
        from apps.safer_play.exclusions import ON_EXCLUSION  # noqa: PLC0415 - likewise
        from apps.wallets import queries as wallet_queries  # noqa: PLC0415 - likewise

        ON_EXCLUSION.append(end_for_exclusion)
        wallet_queries.in_play_by(in_play_of)
        round_commands.register()
        fact_kinds.register()
        webhook_events.register()
        import_module("apps.providers.registry").load_adapters()
