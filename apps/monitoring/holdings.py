"""What monitoring knows about a player: nothing of it is told, and what links him to others goes with him."""

from apps.compliance.holdings import Holding, Rows, register_holding
from apps.monitoring.models import DeadLetter, Link, RiskOverride
from apps.players.models import Player


def register() -> None:
    """Register them; called once the models are loaded."""
    register_holding(
        Holding(
            "monitoring",
            "Automatic checks",
            _none,
            _erase,
            "Decisions of rules with their figures, under a number: the law wants them explained",
        )
    )


def _none(player: Player) -> Rows:  # noqa: ARG001 - every holding is asked alike
    """Nothing is told: it may tell of a suspicion."""
    yield from ()


def _erase(player: Player) -> int:
    letters = DeadLetter.objects.filter(player_id=player.pk).update(payload={}, error="Erased with the person")
    RiskOverride.objects.filter(player_id=player.pk).update(reason="")
    return letters + Link.objects.filter(player_id=player.pk).delete()[0]
