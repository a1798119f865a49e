"""Which provider is asked for a payment, in what order, and which are passed over. Data decides: `Capability` rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, Q, QuerySet

from apps.brands.models import Brand, Market
from apps.core.money import Money
from apps.integrations.connections import Connection, connection_by_id
from apps.integrations.models import Integration
from apps.payments import registry
from apps.payments.circuits import broken_circuits
from apps.payments.contract import Direction
from apps.payments.contracts import contract_of, covers
from apps.payments.models import Capability, RoutingRule
from apps.payments.tiers import tier_of
from apps.payments.volumes import used_today
from apps.players.models import Player

_RANKS = {RoutingRule.Verdict.PREFER: 0, RoutingRule.Verdict.AVOID: 2}
_PLAIN = 1
ENOUGH_ROUTES = 2


def capabilities_for(player: Player, direction: Direction, currency: str | None = None) -> QuerySet[Capability]:
    """Cells of the matrix that are open to a player, in order of priority; amounts are not looked at."""
    found = Capability.objects.filter(
        Q(countries=[]) | Q(countries__contains=[player.country]),
        direction=direction,
        is_enabled=True,
        method__is_enabled=True,
        integration__brand_code=player.brand.code,
        integration__kind=Integration.Kind.PAYMENTS,
        integration__switch=Integration.Switch.ON,
    )
    if currency is not None:
        found = found.filter(currency=currency)
    return found.select_related("integration", "method").order_by("priority", "pk")


def open_amounts(cells: QuerySet[Capability], currency: str) -> str:
    """What is open in these cells of the matrix, in words for a player; nothing about providers."""
    edges = cells.order_by().aggregate(least=Min("min_units"), most=Max("max_units"))
    if edges["least"] is None:
        return f"It is not open for {currency} here; `GET payment-methods` lists what is."
    least, most = (Money(edges[name], currency).format() for name in ("least", "most"))
    return f"Amounts from {least} to {most} {currency} are open."


def routes_for(
    *,
    player: Player,
    direction: Direction,
    method: str,
    money: Money,
    now: datetime,
    slug: str = "",
    takes_probe: bool = True,
) -> list[Connection]:
    """
    Return the providers that can carry a payment, the first to be asked first: by the rules, then by priority.

    Those whose circuit is open come last for deposits (a try costs nothing) and not at all for withdrawals. One that
    is half open is tried by one payment at a time.

    :param slug: only this integration
    :param takes_probe: False where nothing will be sent to what is returned
    """
    cells = capabilities_for(player, direction, money.currency).filter(
        method_id=method, min_units__lte=money.units, max_units__gte=money.units
    )
    if slug:
        cells = cells.filter(integration__slug=slug)
    ranks = _ranked(list(cells), player=player, money=money, now=now)
    order = sorted(ranks, key=lambda each: ranks[each])  # stable: within a rank by priority
    broken = broken_circuits(order, now=now, takes_probe=takes_probe)
    standing = [each for each in order if each not in broken]
    if direction == Direction.DEPOSIT:
        standing += [each for each in order if each in broken and not broken[each].is_drill]
    return [found for each in standing if (found := connection_by_id(each)) is not None and _is_able(found, direction)]


def _ranked(cells: list[Capability], *, player: Player, money: Money, now: datetime) -> dict[int, int]:
    """
    Rank by integration, the lowest first.

    Left out is what a rule forbids, the contract does not cover, or a day's limit leaves no room for.
    """
    if not cells:
        return {}
    rules = _rules(cells[0], player=player, money=money)
    ranks: dict[int, int] = {}
    for cell in cells:
        verdict = next((rule.verdict for rule in rules if rule.integration_id == cell.integration_id), None)
        if verdict == RoutingRule.Verdict.NEVER or not has_room(cell, money.units, now=now):
            continue
        contract = contract_of(cell.integration_id, now=now)
        terms = {"method": cell.method_id, "currency": money.currency, "country": player.country}
        if contract is not None and not covers(contract, **terms):
            continue
        ranks.setdefault(cell.integration_id, _RANKS.get(RoutingRule.Verdict(verdict), _PLAIN) if verdict else _PLAIN)
    return ranks


def _rules(cell: Capability, *, player: Player, money: Money) -> list[RoutingRule]:
    rules = RoutingRule.objects.filter(
        Q(direction="") | Q(direction=cell.direction),
        Q(brand=None) | Q(brand_id=player.brand_id),
        Q(method=None) | Q(method_id=cell.method_id),
        Q(currency="") | Q(currency=money.currency),
        Q(countries=[]) | Q(countries__contains=[player.country]),
        Q(min_units=None) | Q(min_units__lte=money.units),
        Q(max_units=None) | Q(max_units__gte=money.units),
        is_enabled=True,
    )
    found = list(rules)
    tier = tier_of(player) if any(rule.tier for rule in found) else ""
    return [rule for rule in found if rule.tier in ("", tier)]


def has_room(cell: Capability, units: int, *, now: datetime) -> bool:
    """Whether a provider's daily limit leaves room for so much."""
    return cell.daily_units is None or used_today(cell, now=now) + units <= cell.daily_units


def _is_able(connection: Connection, direction: Direction) -> bool:
    return _speaks(connection.vendor, direction)


def _speaks(vendor: str, direction: Direction) -> bool:
    adapter = registry.ADAPTERS.get(vendor)
    if adapter is None:
        return False
    able = adapter.capabilities
    return able.starts_deposits if direction == Direction.DEPOSIT else able.submits_payouts


@dataclass(frozen=True, slots=True)
class ThinRoute:
    """A market's direction, method and currency that fewer than two providers carry."""

    brand: str
    jurisdiction: str
    direction: str
    method: str
    currency: str
    providers: tuple[str, ...]


def thin_routes(brand_ids: Iterable[int] | None = None) -> list[ThinRoute]:
    """
    Report each (market, direction, method, currency) with fewer than two routes: nothing to fail over to.

    A market in which a method is offered one way only is reported for the other way with no provider at all.
    """
    brands = Brand.objects.order_by("name")
    if brand_ids is not None:
        brands = brands.filter(pk__in=brand_ids)
    found: list[ThinRoute] = []
    for brand in brands.prefetch_related("markets", "currencies"):
        cells = _open_cells(brand)
        for market in brand.markets.all():
            found += _thin_in(brand, market, cells)
    return found


def _open_cells(brand: Brand) -> list[Capability]:
    cells = Capability.objects.filter(
        is_enabled=True, method__is_enabled=True, integration__brand_code=brand.code, integration__switch="on",
        integration__kind=Integration.Kind.PAYMENTS,
    ).select_related("integration", "method")  # fmt: skip
    return [cell for cell in cells if _speaks(cell.integration.vendor, Direction(cell.direction))]


def _thin_in(brand: Brand, market: Market, cells: list[Capability]) -> list[ThinRoute]:
    currencies = {each.code for each in brand.currencies.all() if each.is_enabled}
    carried: dict[tuple[str, str, str], set[str]] = {}
    for cell in cells:
        serves = not cell.countries or set(cell.countries) & set(market.countries)
        if serves and cell.currency in currencies:
            for direction in Direction:
                key = (direction.value, cell.method.name, cell.currency)
                carried.setdefault(key, set())
            carried[(cell.direction, cell.method.name, cell.currency)].add(cell.integration.slug)
    return [
        ThinRoute(brand.name, market.jurisdiction_id, direction, method, currency, tuple(sorted(slugs)))
        for (direction, method, currency), slugs in sorted(carried.items())
        if len(slugs) < ENOUGH_ROUTES
    ]
