"""Django application `safer_play`."""

from django.apps import AppConfig


class SaferPlayConfig(AppConfig):
    """Registers the app under its short label, and itself where apps below ask before they admit a player."""

    name = "apps.safer_play"
    label = "safer_play"
    verbose_name = "Safer play"

    def ready(self) -> None:
        """Let registration and log-in ask the registers, people do together what takes two, and cases decide."""
        from apps.players import admission  # noqa: PLC0415 - models are loaded by now
        from apps.safer_play import admissions, commands, effects, fact_kinds, holdings, webhook_events  # noqa: PLC0415 - likewise

        admission.BEFORE_REGISTRATION.append(admissions.before_registration)
        admission.AFTER_LOGIN.append(admissions.after_login)
        commands.register()
        effects.register()
        fact_kinds.register()
        webhook_events.register()
        holdings.register()
