"""What operators' systems are told of games. Rounds are read from reports: there are too many to tell one by one."""

from apps.integrations.outgoing.catalogue import MONEY, TEXT, register_event


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    game = {"game": TEXT, "product": TEXT, "integration": TEXT, "platform": TEXT, "currency": TEXT}
    register_event("providers.game.launched", "A player has opened a game for money.", game)
    count = {"type": "integer"}
    register_event(
        "games.catalogue.synchronised",
        "A vendor's game list was compared with the catalogue: what waits for staff, what took effect at once.",
        {"integration": TEXT, "games": count, "proposed": count, "applied": count},
    )
    register_event(
        "games.catalogue.changed",
        "A game was added (switched off), changed, withdrawn or brought back; the lobby may be another now.",
        {"game": TEXT, "change": TEXT, "field": TEXT},
    )
    resolved = {"game": TEXT, "outcome": TEXT, "amount": MONEY, "policy": TEXT}
    register_event(
        "providers.round.resolved",
        "A round was voided or resettled: `amount` was returned or paid to the player or, negative, taken back.",
        resolved,
    )
