"""Gives players limits that a bet has to look at, all too high to refuse one."""

from django.db import transaction

from apps.core import clock
from apps.core.money import Money
from apps.players.models import Player
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import set_limit
from apps.safer_play.models import Limit
from benchmarks.bets import CURRENCY

_HIGH = Money.parse("9000000.00", CURRENCY)
_MINUTES = 1_400
# As many as a careful player sets: two amounts in three windows, the stake, and the time in two.
_TERMS = (
    *(Terms(kind=kind, period=period, currency=CURRENCY, money=_HIGH)
      for kind in (Limit.Kind.LOSS, Limit.Kind.WAGER)
      for period in (Limit.Period.DAY, Limit.Period.WEEK, Limit.Period.MONTH)),
    Terms(kind=Limit.Kind.STAKE, currency=CURRENCY, money=_HIGH),
    Terms(kind=Limit.Kind.SESSION, minutes=_MINUTES),
    Terms(kind=Limit.Kind.SESSION, period=Limit.Period.DAY, minutes=_MINUTES),
)  # fmt: skip


def run(*, players: int) -> dict[str, int]:
    """Give the first players every limit; return how many players and how many limits each."""
    ids = list(Player.objects.order_by("pk").values_list("pk", flat=True)[:players])
    with transaction.atomic():
        for player_id in ids:
            for terms in _TERMS:
                set_limit(player_id=player_id, terms=terms, now=clock.now())
    return {"players": len(ids), "limits": len(_TERMS)}
