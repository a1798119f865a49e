"""Which provider is asked for a payment, in what order, and which are passed over. Data decides: `Capability` rows."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from apps.core.money import Money
from apps.integrations.connections import Connection, connection_by_id
from apps.integrations.models import Integration
from apps.payments.contract import Direction
from apps.payments.models import Capability, Circuit, PspContract
from apps.payments.registry import adapter_of
from apps.players.models import Player

log = structlog.get_logger(__name__)

FAILURES_TO_OPEN = 5
OPEN_FOR = timedelta(minutes=1)


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


def routes_for(
    *, player: Player, direction: Direction, method: str, money: Money, now: datetime, slug: str = ""
) -> list[Connection]:
    """
    Return the providers that can carry a payment, the first to be asked first.

    Those whose circuit is open come last for deposits (a try costs nothing) and not at all for withdrawals.

    :param slug: only this integration
    """
    cells = capabilities_for(player, direction, money.currency).filter(
        method_id=method, min_units__lte=money.units, max_units__gte=money.units
    )
    if slug:
        cells = cells.filter(integration__slug=slug)
    ids = list(dict.fromkeys(cells.values_list("integration_id", flat=True)))
    broken = set(Circuit.objects.filter(pk__in=ids, open_until__gt=now).values_list("pk", flat=True))
    order = [each for each in ids if each not in broken]
    if direction == Direction.DEPOSIT:
        order += [each for each in ids if each in broken]
    return [found for each in order if (found := connection_by_id(each)) is not None and _is_able(found, direction)]


def _is_able(connection: Connection, direction: Direction) -> bool:
    adapter = adapter_of(connection)
    if adapter is None:
        return False
    able = adapter.capabilities
    return able.starts_deposits if direction == Direction.DEPOSIT else able.submits_payouts


def note_success(integration_id: int) -> None:
    """Close a provider's circuit: it has answered."""
    Circuit.objects.filter(pk=integration_id).exclude(failures=0, open_until=None).update(failures=0, open_until=None)


@transaction.atomic
def note_failure(integration_id: int, *, now: datetime) -> None:
    """Count a failure to answer; enough of them in a row open the circuit."""
    Circuit.objects.get_or_create(pk=integration_id)
    Circuit.objects.filter(pk=integration_id).update(failures=F("failures") + 1)
    opened = Circuit.objects.filter(pk=integration_id, failures__gte=FAILURES_TO_OPEN)
    if opened.update(open_until=now + OPEN_FOR):
        log.warning("payment_circuit_open", integration_id=integration_id, until=now + OPEN_FOR)


def contract_of(integration_id: int, *, now: datetime) -> PspContract | None:
    """Return the terms in force with a provider, None where none were entered."""
    valid = Q(valid_to=None) | Q(valid_to__gt=now)
    return PspContract.objects.filter(valid, integration_id=integration_id, valid_from__lte=now).first()


def methods_with_one_route(brand_code: str) -> list[tuple[str, str, str, int]]:
    """Report (direction, method, currency, routes) with fewer than two routes: nothing to fail over to."""
    routes: dict[tuple[str, str, str], set[int]] = {}
    cells = Capability.objects.filter(is_enabled=True, method__is_enabled=True, integration__brand_code=brand_code)
    for direction, method, currency, integration in cells.filter(integration__switch="on").values_list(
        "direction", "method_id", "currency", "integration_id"
    ):
        routes.setdefault((direction, method, currency), set()).add(integration)
    return [(*cell, len(found)) for cell, found in sorted(routes.items()) if len(found) < 2]  # noqa: PLR2004
