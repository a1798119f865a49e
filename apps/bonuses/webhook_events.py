"""What operators' systems are told of bonuses: amounts and ids, no reason that says how a player was judged."""

from apps.integrations.outgoing.catalogue import MONEY, TEXT, register_event

_BONUS = {
    "offered": "A bonus waits for a player to take it.",
    "claimed": "A player has taken a bonus; it is in the bonus bucket.",
    "completed": "A bonus was wagered as often as was asked; what was left of it has become cash.",
    "forfeited": "A player's own doing has ended a bonus.",
    "expired": "The time of a bonus is over.",
    "cancelled": "A bonus was ended by a rule or by staff.",
}


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    bonus = {"bonus": TEXT, "offer": TEXT, "amount": MONEY}
    for word in ("offered", "claimed"):
        register_event(f"bonuses.bonus.{word}", _BONUS[word], bonus)
    register_event("bonuses.bonus.completed", _BONUS["completed"], {**bonus, "converted": MONEY, "taken_back": MONEY})
    for word in ("forfeited", "expired", "cancelled"):
        register_event(f"bonuses.bonus.{word}", _BONUS[word], {**bonus, "taken_back": MONEY})
