"""Circuit breakers of providers: after failures in a row they are passed over, then tried by one payment at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from apps.payments.models import Circuit

log = structlog.get_logger(__name__)

FAILURES_TO_OPEN = 5
OPEN_FOR = timedelta(minutes=1)
OPEN_AT_MOST = timedelta(minutes=30)
# Longer than a call may take.
PROBE_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a provider is passed over."""

    is_drill: bool
    until: datetime


def broken_circuits(integration_ids: Iterable[int], *, now: datetime, takes_probe: bool = True) -> dict[int, Broken]:
    """
    Say which of these providers are to be passed over now.

    Whoever finds one half open takes the turn to try it: for the others it stays broken until there is an answer.

    :param takes_probe: False for a question that sends nothing; then one that is half open counts as standing
    """
    broken: dict[int, Broken] = {}
    for circuit in Circuit.objects.filter(pk__in=list(integration_ids)):
        if circuit.drill_until is not None and circuit.drill_until > now:
            broken[circuit.pk] = Broken(is_drill=True, until=circuit.drill_until)
        elif circuit.open_until is not None and (
            circuit.open_until > now or (takes_probe and not _take_probe(circuit.pk, now))
        ):
            broken[circuit.pk] = Broken(is_drill=False, until=max(circuit.open_until, now))
    return broken


def _take_probe(integration_id: int, now: datetime) -> bool:
    """Take the turn to try a half-open provider; one at a time, also of those who ask at the same moment."""
    free = Circuit.objects.filter(Q(probe_until=None) | Q(probe_until__lte=now), pk=integration_id)
    return free.filter(open_until__lte=now).update(probe_until=now + PROBE_FOR) == 1


def note_success(integration_id: int) -> None:
    """Close a provider's circuit: it has answered, yes or no."""
    Circuit.objects.filter(pk=integration_id).exclude(failures=0, open_until=None).update(
        failures=0, opened=0, open_until=None, probe_until=None
    )


@transaction.atomic
def note_failure(integration_id: int, *, now: datetime) -> None:
    """Count a failure to answer; enough of them in a row open the circuit, one while it is half open does so again."""
    Circuit.objects.get_or_create(pk=integration_id)
    circuit = Circuit.objects.select_for_update().get(pk=integration_id)
    circuit.failures += 1
    circuit.last_failure_at = now
    is_half_open = circuit.open_until is not None and circuit.open_until <= now
    if is_half_open or (circuit.open_until is None and circuit.failures >= FAILURES_TO_OPEN):
        # Each time that the trial fails the pause is twice as long.
        circuit.open_until = now + min(OPEN_FOR * 2 ** min(circuit.opened, 10), OPEN_AT_MOST)
        circuit.opened += 1
        circuit.probe_until = None
        log.warning("payment_circuit_open", integration_id=integration_id, until=circuit.open_until)
    circuit.save(update_fields=["failures", "opened", "open_until", "probe_until", "last_failure_at"])


def set_drill(integration_id: int, *, until: datetime | None) -> None:
    """Pass a provider over on purpose until then, or no longer."""
    Circuit.objects.get_or_create(pk=integration_id)
    Circuit.objects.filter(pk=integration_id).update(drill_until=until)


def state_of(circuit: Circuit | None, *, now: datetime) -> str:
    """Name a circuit's state: closed, open, half open, drill."""
    if circuit is None:
        return "closed"
    if circuit.drill_until is not None and circuit.drill_until > now:
        return "drill"
    if circuit.open_until is None:
        return "closed"
    return "open" if circuit.open_until > now else "half open"
