"""Games opened at a simulated vendor, what may be staked in them, and the play money of demos."""

import random

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.http import urlencode

from apps.core.currencies import UnknownCurrency, currency_spec
from apps.core.ids import new_token
from apps.sandbox.models import SimulatedSession, SimulatedVendor
from apps.sandbox.vendors.catalogue import paytable_of
from apps.sandbox.vendors.paytable import SCALE, Spin

_DEMO_BALANCE = 1000 * SCALE
_STAKES_IN_MINOR_UNITS = (10, 20, 50, 100, 200, 500)
# The finest stake must still have halves in units of 0.00001.
_FINEST_STAKE_EXPONENT = 4


class NotEnoughPlayMoney(Exception):
    """A demo's balance is below the stake."""


def open_session(
    *,
    vendor: SimulatedVendor,
    game_code: str,
    currency: str,
    is_demo: bool = False,
    user: str = "",
    token: str = "",
    lobby_url: str = "",
) -> SimulatedSession:
    """Open a game; a demo gets a token and a balance of the vendor's own."""
    session, _ = SimulatedSession.objects.update_or_create(
        token=new_token() if is_demo else token,
        defaults={
            "vendor": vendor,
            "user": "" if is_demo else user,
            "game_code": game_code,
            "currency": currency,
            "lobby_url": lobby_url,
            "demo_balance": _DEMO_BALANCE if is_demo else None,
            "live_token": "",
        },
    )
    return session


def client_address(session: SimulatedSession) -> str:
    """Where the player's browser finds the game, relative to the host."""
    return f"{reverse('sandbox-client', args=[session.vendor_id])}?{urlencode({'token': session.token})}"


def stakes_of(currency: str) -> list[int]:
    """What may be staked on a spin, amounts x 100 000."""
    return [minor * SCALE // 10 ** _exponent(currency) for minor in _STAKES_IN_MINOR_UNITS]


def money_text(amount: int, currency: str) -> str:
    """An amount x 100 000 for people."""
    exponent = _exponent(currency)
    return f"{amount / SCALE:,.{exponent}f} {currency}"


@transaction.atomic
def spin_demo(session: SimulatedSession, *, stake: int, rng: random.Random) -> Spin:
    """
    Spin for play money; the platform hears nothing of it.

    :raises NotEnoughPlayMoney: if the demo's balance does not cover the stake
    """
    spin = paytable_of(session.vendor_id, session.game_code).spin(rng)
    covered = SimulatedSession.objects.filter(pk=session.pk, demo_balance__gte=stake)
    if not covered.update(demo_balance=F("demo_balance") - stake + spin.payout(stake)):
        raise NotEnoughPlayMoney
    session.refresh_from_db(fields=["demo_balance"])
    return spin


def _exponent(currency: str) -> int:
    try:
        return min(currency_spec(currency).exponent, _FINEST_STAKE_EXPONENT)
    except UnknownCurrency:
        return 2  # the currency of a demo
