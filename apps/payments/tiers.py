"""How well a player is known by what was paid in; routing rules may go by it."""

from datetime import timedelta

from django.db.models import Count, Min, Q

from apps.core.clock import now
from apps.payments.models import Deposit, Dispute, RoutingRule
from apps.players.models import Player

TRUSTED_DEPOSITS = 10
TRUSTED_AFTER = timedelta(days=90)

Tier = RoutingRule.Tier


def tier_of(player: Player) -> str:
    """Return a player's tier: `new`, `known`, or `trusted` (ten deposits, the first 90 days ago, none contested)."""
    settled = Q(settled_units__gt=0)
    found = Deposit.objects.filter(settled, player=player).aggregate(count=Count("pk"), first=Min("settled_at"))
    if not found["count"]:
        return Tier.NEW
    is_old = found["first"] is not None and found["first"] <= now() - TRUSTED_AFTER
    if found["count"] < TRUSTED_DEPOSITS or not is_old or Dispute.objects.filter(deposit__player=player).exists():
        return Tier.KNOWN
    return Tier.TRUSTED
