"""The facts that providers record, declared."""

from apps.integrations.fact_kinds import declare_facts


def register() -> None:
    """Declare them; called once, when the app is ready."""
    words = ("game", "product", "integration", "platform", "currency")
    declare_facts(["providers.game.launched"], dict.fromkeys(words, str))
    counts = dict.fromkeys(("games", "proposed", "applied"), int)
    declare_facts(["games.catalogue.synchronised"], {"integration": str, **counts})
    declare_facts(["games.catalogue.changed"], dict.fromkeys(("game", "change", "field"), str))
    resolved = {"game": str, "outcome": str, "amount_units": int, "currency": str, "policy": str}
    declare_facts(["providers.round.resolved"], resolved)
