"""Django application `compliance`."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Registers the app under its short label, and the commands that two people carry out together."""

    name = "apps.compliance"
    label = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        """Register what this app lets two people do, what it knows about players, and when it locks them out."""
        from apps.compliance import (  # noqa: PLC0415 - models first
            case_holdings,
            commands,
            decisions,
            effects,
            fact_kinds,
            holdings,
            linked_people,
            player_controls,
            timeline,
            webhook_events,
        )
        from apps.players import admission  # noqa: PLC0415 - likewise

        admission.LOGIN_LOCKS.append(player_controls.login_lock)
        commands.register()
        holdings.register_own()
        case_holdings.register()
        decisions.register_commands()
        effects.register_own()
        timeline.register_own()
        linked_people.register_own()
        fact_kinds.register()
        webhook_events.register()
