"""The facts that players' operations record, declared."""

from apps.integrations.fact_kinds import declare_facts

_COMMON = {"jurisdiction": str, "is_test": bool}


def register() -> None:
    """Declare them; called once, when the app is ready."""
    declare_facts(["player.registered"], {**_COMMON, "country": str, "currency": str})
    # The country of an address is known where a proxy in front tells it.
    opened = {**_COMMON, "session": str, "device": str, "address": str}
    declare_facts(["player.logged_in"], opened, {"ip_country": str})
    declare_facts(["player.login_failed"], _COMMON)
    declare_facts(["player.became_dormant"], {**_COMMON, "days": int})
    declare_facts(["player.profile_changed"], {**_COMMON, "fields": list})
    status = {"before": str, "after": str, "restrictions": list, "reason_code": str, "by_staff": bool}
    declare_facts(["player.status_changed"], {**_COMMON, **status})
