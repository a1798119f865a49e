"""What operators' systems are told of players, and how players are named outside."""

from collections.abc import Collection, Mapping
from uuid import UUID

from apps.integrations.outgoing.catalogue import TEXT, TEXTS, name_players_by, register_event


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    name_players_by(public_ids_of)
    law = {"jurisdiction": {**TEXT, "description": "Whose law applies, e.g. MT"}}
    register_event("player.registered", "A player has opened an account.", {**law, "country": TEXT, "currency": TEXT})
    register_event("player.logged_in", "A player has logged in.", {**law, "session": TEXT})
    register_event("player.login_failed", "A log-in failed for a wrong password.", law)
    register_event("player.became_dormant", "Nobody has logged in for as long as the law calls dormant.", law)
    register_event(
        "player.profile_changed", "A player's contact details changed; which, not what they are.", {"fields": TEXTS}
    )
    register_event(
        "player.status_changed",
        "A player was restricted, suspended, closed or reinstated.",
        {"before": TEXT, "after": TEXT, "restrictions": TEXTS, "reason_code": TEXT},
    )


def public_ids_of(player_ids: Collection[int]) -> Mapping[int, UUID]:
    """Public ids by row ids."""
    from apps.players.models import Player  # noqa: PLC0415 - models are not ready when the events are entered

    return dict(Player.objects.filter(pk__in=player_ids).values_list("pk", "public_id"))
