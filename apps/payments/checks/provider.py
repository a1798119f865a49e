"""Can a provider carry it: is there a route with room, and does it hold enough of ours?"""

from datetime import datetime

from apps.core.admin_display import amount_text
from apps.payments.checks.answer import Answer, passed, review
from apps.payments.contract import Direction
from apps.payments.contracts import contract_of, settlement_term
from apps.payments.models import Withdrawal
from apps.payments.routing import routes_for
from apps.transactions.models import Account, AccountKind
from apps.transactions.rollup import shared_balances


def limits(withdrawal: Withdrawal, now: datetime) -> Answer:
    """At least one provider takes this amount today."""
    if withdrawal.integration_id is not None and withdrawal.state == Withdrawal.State.REQUESTED:
        return passed("It was asked for at the cashier that pays it.")
    routes = _routes(withdrawal, now)
    if not routes:
        return review("No provider takes this amount now: a limit, a contract or an outage stands in the way.")
    return passed("", providers=", ".join(routes.values()))


def liquidity(withdrawal: Withdrawal, now: datetime) -> Answer:
    """A provider that pays out of what it holds of ours holds enough."""
    routes, short = _routes(withdrawal, now), {}
    for integration_id, slug in routes.items():
        term = settlement_term(contract_of(integration_id, now=now), withdrawal.currency)
        if term is None or not term.pays_out_of_balance:
            return passed("A provider pays out of its own means.", provider=slug)
        held = _held(withdrawal, integration_id)
        if held >= withdrawal.amount_units:
            return passed("", provider=slug, holds=amount_text(held, withdrawal.currency))
        short[slug] = amount_text(held, withdrawal.currency)
    if not routes:
        return passed("There is no provider to ask this of.")
    return review("No provider holds enough of ours to pay it.", holds=short)


def _routes(withdrawal: Withdrawal, now: datetime) -> dict[int, str]:
    found = routes_for(
        player=withdrawal.player,
        direction=Direction.WITHDRAWAL,
        method=withdrawal.method_id,
        money=withdrawal.money,
        now=now,
        takes_probe=False,
    )
    own = withdrawal.instrument.integration_id if withdrawal.instrument else None
    return {each.id: each.slug for each in found if own in (None, each.id)}


def _held(withdrawal: Withdrawal, integration_id: int) -> int:
    """What a provider owes us in the ledger, less what it keeps back (that stands in another account)."""
    accounts = Account.objects.filter(
        kind=AccountKind.PSP, brand_id=withdrawal.brand_id, currency=withdrawal.currency, integration_id=integration_id
    )
    balances = shared_balances(list(accounts.values_list("pk", flat=True)))
    return -sum(each.balance for each in balances.values())
