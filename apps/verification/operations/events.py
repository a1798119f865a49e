"""What a vendor's webhook leads to: find whose it is, ask the vendor what holds now, take that over."""

from datetime import datetime
from enum import StrEnum

import structlog
from prometheus_client import Counter

from apps.integrations.connections import Connection
from apps.integrations.models import Integration
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.verification.contract import IdentityEvent, VendorState
from apps.verification.models import Verification
from apps.verification.operations.decisions import apply_state
from apps.verification.registry import adapter_of

log = structlog.get_logger(__name__)

REFUSED = Counter(
    "casino_kyc_events_refused", "Events of identity vendors that changed nothing", ["integration", "why"]
)


class Applied(StrEnum):
    """What became of an event."""

    NOTED = "noted"
    DECIDED = "decided"
    OLDER = "older"
    UNCHANGED = "unchanged"


class EventUnhandled(Exception):
    """It is about nobody we know, or from another environment: nothing is done, people are told."""


class EventParked(Exception):
    """It may be about a session whose start is not recorded yet."""


class VendorSilent(Exception):
    """The vendor does not say what holds: nothing is decided, it is asked again."""


def apply_event(*, connection: Connection, event: IdentityEvent, now: datetime) -> Applied:
    """
    Do what an event calls for. Calls the vendor: no transaction may be open.

    :raises EventUnhandled: if it is not ours
    :raises EventParked: if it may become ours
    :raises VendorSilent: if the vendor can not be asked now
    """
    _require_environment(connection, event)
    if event.decision is None:
        return Applied.NOTED
    verification = _subject_of(connection, event)
    held_since = verification.decided_at
    if held_since is not None and event.occurred_at is not None and event.occurred_at < held_since:
        return Applied.OLDER
    return take_over(
        connection=connection,
        verification=verification,
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        now=now,
    )


def take_over(
    *,
    connection: Connection,
    verification: Verification,
    event_id: str = "",
    occurred_at: datetime | None = None,
    now: datetime,
) -> Applied:
    """Ask the vendor about one session and take over what it says. :raises VendorSilent: if it does not answer."""
    told = _asked(connection, verification)
    before = verification.state
    after = apply_state(verification_id=verification.pk, told=told, event_id=event_id, occurred_at=occurred_at, now=now)
    return Applied.DECIDED if after.state != before else Applied.UNCHANGED


def _asked(connection: Connection, verification: Verification) -> VendorState:
    adapter = adapter_of(connection)
    if adapter is None:
        raise EventUnhandled("no adapter")
    try:
        told = adapter.fetch(
            connection,
            subject=verification.vendor_subject,
            session=verification.vendor_session,
            player_id=verification.player_id,
        )
    except (VendorUnreachable, VendorTimeout, VendorSwitchedOff) as silent:
        raise VendorSilent(str(silent)) from silent
    if not told.found:
        raise EventUnhandled("the vendor knows no such session")
    mine, theirs = str(verification.public_id), told.reference
    if (theirs and theirs != mine) or (told.subject and told.subject != verification.vendor_subject):
        _refuse(connection, "subject")
        raise EventUnhandled("the vendor's answer is about somebody else")
    if told.is_test is not None and told.is_test != (connection.environment == Integration.Environment.TEST):
        _refuse(connection, "environment")
        raise EventUnhandled("the vendor's answer is from another environment")
    return told


def _require_environment(connection: Connection, event: IdentityEvent) -> None:
    if event.is_test is not None and event.is_test != (connection.environment == Integration.Environment.TEST):
        _refuse(connection, "environment")
        raise EventUnhandled(
            f"a {'sandbox' if event.is_test else 'live'} event at a {connection.environment} integration"
        )


def _subject_of(connection: Connection, event: IdentityEvent) -> Verification:
    """The verification of a session; both our reference and the vendor's id of the person have to be those stored."""
    mine = Verification.objects.select_related("player", "brand").filter(integration_id=connection.id)
    found = mine.filter(vendor_session=event.session).first() if event.session else None
    if found is None:
        if _is_being_started(connection, event):
            raise EventParked("its session is being started")
        _refuse(connection, "subject")
        raise EventUnhandled("about nobody we know")
    if (event.reference and event.reference != str(found.public_id)) or (
        event.subject and event.subject != found.vendor_subject
    ):
        _refuse(connection, "subject")
        raise EventUnhandled("our reference and the vendor's id belong to different people")
    return found


def _is_being_started(connection: Connection, event: IdentityEvent) -> bool:
    """A webhook may overtake the answer to the request that opened its session: our reference tells."""
    if not event.reference:
        return False
    starting = Verification.objects.filter(integration_id=connection.id, state__in=Verification.OPEN, vendor_session="")
    return any(str(each) == event.reference for each in starting.values_list("public_id", flat=True)[:1000])


def _refuse(connection: Connection, why: str) -> None:
    REFUSED.labels(connection.slug, why).inc()
    log.error("kyc_event_refused", integration=connection.slug, why=why)
