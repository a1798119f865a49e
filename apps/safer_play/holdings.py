"""What safer play knows about a player: for exports, and for the day on which it is erased."""

from apps.compliance.holdings import Holding, Rows, register_holding
from apps.core.money import Money
from apps.players.models import Player
from apps.safer_play.models import Exclusion, ExclusionReturn, Interaction, Limit, LimitEvent, MarketingStop, Review


def register() -> None:
    """Register them; called once the models are loaded."""
    register_holding(Holding("limits", "Limits", _limits, _erase_limits, "Amounts and dates, under a number"))
    register_holding(
        Holding(
            "exclusions", "Breaks and exclusions", _exclusions, _erase_exclusions, "Kinds and dates, under a number"
        )
    )
    register_holding(
        Holding("contacts", "What we did to protect you", _contacts, _erase_contacts, "Kinds and dates, under a number")
    )
    register_holding(Holding("limit_reviews", "When you looked at your account and limits", _reviews))
    register_holding(Holding("marketing", "Whether we may write to you", _marketing))


def _limits(player: Player) -> Rows:
    for each in Limit.objects.filter(player=player).order_by("pk").iterator():
        amount = None if each.amount_units is None else Money(each.amount_units, each.currency).format()
        yield {
            "kind": each.kind,
            "period": each.period,
            "amount": amount,
            "currency": each.currency,
            "seconds": each.seconds,
            "state": each.state,
            "effective_at": each.effective_at,
        }


def _erase_limits(player: Player) -> int:
    notes = LimitEvent.objects.filter(limit__player=player).update(note="")
    return notes + Limit.objects.filter(player=player).update(reason="")


def _exclusions(player: Player) -> Rows:
    for each in Exclusion.objects.filter(player=player).order_by("pk").iterator():
        yield {
            "kind": each.kind,
            "started_at": each.started_at,
            "ends_at": each.ends_at,
            "ended_at": each.ended_at,
            "your_words": list(each.returns.order_by("pk").values_list("reason", flat=True)),
        }


def _erase_exclusions(player: Player) -> int:
    returns = ExclusionReturn.objects.filter(exclusion__player=player)
    words = returns.update(reason="", decision_note="")
    return words + Exclusion.objects.filter(player=player).update(reason="", end_reason="")


def _contacts(player: Player) -> Rows:
    """What was done and when; not which marker led to it."""
    for each in Interaction.objects.filter(player=player).order_by("pk").iterator():
        yield {"action": each.action, "state": each.state, "at": each.started_at}


def _erase_contacts(player: Player) -> int:
    return Interaction.objects.filter(player=player).update(trigger_text="", outcome="", evidence="")


def _reviews(player: Player) -> Rows:
    for each in Review.objects.filter(player=player).order_by("pk").iterator():
        yield {"kind": each.kind, "at": each.reviewed_at}


def _marketing(player: Player) -> Rows:
    for each in MarketingStop.objects.filter(player=player).iterator():
        yield {"stopped": True, "by": each.reason}
