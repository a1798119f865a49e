"""What is kept of a player's bonuses: told to him, and kept under a number when he is erased, as the ledger is."""

from apps.bonuses.models import Grant, GrantStep
from apps.compliance.holdings import Holding, Rows, register_holding
from apps.core.money import Money
from apps.players.models import Player


def register() -> None:
    """Register it; called once the models are loaded."""
    register_holding(
        Holding(
            "bonuses",
            "Bonuses",
            _told,
            _erase,
            "Amounts, times and how each ended, under a number: they explain postings of the ledger",
        )
    )


def _told(player: Player) -> Rows:
    grants = Grant.objects.filter(player=player).select_related("offer", "progress").order_by("id")
    for each in grants:
        yield {
            "offer": each.offer.name,
            "state": each.state,
            "amount": f"{each.money.format()} {each.currency}",
            "offered_at": each.offered_at.isoformat(),
            "claimed_at": each.claimed_at.isoformat() if each.claimed_at else None,
            "ended_at": each.ended_at.isoformat() if each.ended_at else None,
            "wagered": f"{each.progress.counted.format()} {each.currency}",
            "became_cash": f"{Money(each.converted_units, each.currency).format()} {each.currency}",
        }


def _erase(player: Player) -> int:
    """Why staff ended one, in their words; that they did, and who, the grant and the step say in codes."""
    return GrantStep.objects.filter(grant__player=player, details__has_key="note").update(details={})
