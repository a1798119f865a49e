"""Where a withdrawal has to go: back to its sources up to what came from them, the rest to a verified own account."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Sum

from apps.core.admin_display import amount_text
from apps.core.money import Money
from apps.payments.models import Capability, Deposit, Dispute, Instrument, Withdrawal
from apps.players.models import Player

# An instrument, or a method where the provider never named one.
Source = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class Share:
    """What of a withdrawal has to go back to one source."""

    instrument: Instrument
    label: str
    units: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """How a withdrawal would have to be divided, and whether the account that was chosen fits that."""

    shares: tuple[Share, ...]
    remainder_units: int
    is_kept: bool
    reason: str = ""


def allocate(
    *, player: Player, money: Money, chosen: Instrument | None, method_id: str, without: int | None = None
) -> Allocation:
    """
    Divide an amount among the player's sources: the chosen one first, then whichever paid in last.

    A source to which nobody can pay (no provider pays out by that method, or it is blocked) takes no share.

    :param chosen: where the player wants it; None where a cashier chose, which then is its method
    :param without: a withdrawal that is not to be counted as under way: the one that is asked about
    """
    own: Source = (chosen.pk if chosen else None, method_id)
    outstanding = outstanding_by_source(player, money.currency, without=without)
    payable = _payable(player, money.currency, outstanding)
    left, shares = money.units, []
    for source in sorted(payable, key=lambda source: source != own):
        units = min(left, outstanding[source])
        if units > 0:
            shares.append(Share(payable[source], _label(source), units))
            left -= units
    reason = _objection(shares, left, own, chosen, money.currency)
    return Allocation(tuple(shares), left, is_kept=not reason, reason=reason)


def _objection(shares: list[Share], left: int, own: Source, chosen: Instrument | None, currency: str) -> str:
    """Say in words what has to go elsewhere; empty where all may go to where it was wanted."""
    elsewhere = [share for share in shares if share.instrument.pk != own[0] or share.label != _label(own)]
    if elsewhere:
        parts = [f"{amount_text(share.units, currency)} to {_named(share.instrument)}" for share in shares]
        rest = [f"the rest, {amount_text(left, currency)}, to an account of the player's own"] if left else []
        return f"A part has to go back to where it came from: {', '.join([*parts, *rest])}."
    if left and chosen is not None and not chosen.is_verified:
        known = "goes to an account that is known to be the player's own"
        return f"What was won, {amount_text(left, currency)}, {known}; {_named(chosen)} is not."
    return ""


def outstanding_by_source(player: Player, currency: str, *, without: int | None = None) -> dict[Source, int]:
    """
    Say what came from each source and has not gone back to it: paid, on its way, reversed or contested.

    In the order of the last deposit, newest first; sources from which nothing is outstanding are left out.
    """
    deposits = Deposit.objects.filter(player=player, currency=currency, settled_units__gt=0)
    found: dict[Source, int] = {}
    for instrument, method, settled, back in deposits.order_by("-settled_at", "-pk").values_list(
        "instrument_id", "method_id", "settled_units", "reversed_units"
    ):
        source = (instrument, method)
        found[source] = found.get(source, 0) + settled - back
    for used, by, gone in _gone_back(player, currency, without):
        if (used, by) in found:
            found[(used, by)] -= gone
    return {source: units for source, units in found.items() if units > 0}


def _gone_back(player: Player, currency: str, without: int | None) -> Iterable[tuple[int | None, str, int]]:
    out = Withdrawal.objects.filter(player=player, currency=currency).exclude(pk=without or 0)
    paid = out.filter(state=Withdrawal.State.PAID).order_by().values_list("instrument_id", "method_id")
    yield from paid.annotate(units=Sum("paid_units"))
    under_way = out.exclude(state__in=Withdrawal.CLOSED).order_by().values_list("instrument_id", "method_id")
    yield from under_way.annotate(units=Sum("amount_units"))
    contested = Dispute.objects.filter(deposit__player=player, deposit__currency=currency, debited_units__gt=0)
    rows = contested.order_by().values_list("deposit__instrument_id", "deposit__method_id")
    yield from rows.annotate(units=Sum("debited_units"))


def _payable(player: Player, currency: str, sources: Iterable[Source]) -> dict[Source, Instrument]:
    wanted = list(sources)
    cells = Capability.objects.filter(
        Q(countries=[]) | Q(countries__contains=[player.country]),
        direction="withdrawal", currency=currency, is_enabled=True, method__is_enabled=True,
        method_id__in={method for _, method in wanted}, integration__brand_code=player.brand.code,
    )  # fmt: skip
    pays = set(cells.values_list("method_id", "integration_id"))
    instruments = Instrument.objects.in_bulk([pk for pk, _ in wanted if pk is not None])
    payable = {}
    for pk, method in wanted:
        instrument = instruments.get(pk) if pk is not None else None
        if instrument is not None and instrument.is_blocked:
            continue
        own = instrument.integration_id if instrument is not None else None
        if any(each == method and own in (None, at) for each, at in pays) and instrument is not None:
            payable[pk, method] = instrument
    return payable


def _named(instrument: Instrument) -> str:
    return f"{instrument} (#{instrument.pk})"


def _label(source: Source) -> str:
    return f"{source[1]} #{source[0]}" if source[0] is not None else source[1]
