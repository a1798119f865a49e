"""Instruments that players add themselves, where the protocol pays to an address that its owner names."""

from datetime import datetime

from django.db import transaction

from apps.core.errors import DomainError
from apps.payments.addresses import is_address
from apps.payments.contract import Direction, InstrumentFacts
from apps.payments.models import Instrument
from apps.payments.operations.instruments import learn_instrument
from apps.payments.registry import ADAPTERS
from apps.payments.routing import capabilities_for
from apps.players.models import Player


class InstrumentNotAddable(DomainError):
    """Instruments of this method become known by paying with them; `GET payment-methods` lists what is open."""

    code = "instrument-not-addable"
    title = "This kind of instrument can not be added"
    status = 422


class AddressNotValid(DomainError):
    """No such address exists: it has a wrong letter, or is one of another currency. Nothing could be sent there."""

    code = "address-not-valid"
    title = "The address is not valid"
    status = 422


@transaction.atomic
def add_instrument(*, player: Player, method: str, currency: str, address: str, tag: str, now: datetime) -> Instrument:
    """
    Remember an address to pay to. It is not known to be the player's own, so a person looks at what goes there first.

    :raises InstrumentNotAddable: by the method's protocol, or the player may not withdraw by it
    :raises AddressNotValid: by its checksum
    """
    cells = capabilities_for(player, Direction.WITHDRAWAL, currency).filter(method_id=method)
    cell = next((each for each in cells if _takes_addresses(each.integration.vendor)), None)
    if cell is None:
        raise InstrumentNotAddable
    if not is_address(address, currency):
        raise AddressNotValid
    token = f"{address}?tag={tag}" if tag else address
    facts = InstrumentFacts(token=token, masked=f"{address[:6]}…{address[-4:]}")
    return learn_instrument(
        player=player, method_id=method, integration_id=cell.integration_id, facts=facts, source="player", now=now
    )


def _takes_addresses(vendor: str) -> bool:
    adapter = ADAPTERS.get(vendor)
    return adapter is not None and adapter.capabilities.takes_addresses
