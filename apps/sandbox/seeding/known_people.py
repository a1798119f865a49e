"""Demo data: what has been proven about the demo's players, so that they may play where the law wants that first."""

from datetime import datetime

from apps.players.models import Player
from apps.sandbox.seeding.people import Passwords, player_documents
from apps.verification.models import PlayerFact
from apps.verification.operations.facts import add_fact

_PROVEN = (PlayerFact.Kind.AGE, PlayerFact.Kind.IDENTITY, PlayerFact.Kind.ADDRESS)


def seed_known_people(passwords: Passwords, *, now: datetime) -> None:
    """Record the facts of every player who logs in; those there are stay as they are."""
    for document in player_documents(passwords):
        player = Player.objects.get(brand__code=document["brand"], username=document["username"])
        known = set(PlayerFact.objects.standing().filter(player=player).values_list("kind", flat=True))
        for kind in _PROVEN:
            if kind not in known:
                add_fact(
                    player_id=player.pk,
                    kind=kind,
                    outcome=PlayerFact.Outcome.CONFIRMED,
                    method="demo",
                    level=PlayerFact.Level.STANDARD,
                    now=now,
                    reason="made with the demo",
                )
