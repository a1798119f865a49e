"""Sending a player to an identity vendor: the row first, then the call, then what came of it."""

from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from apps.core.errors import DomainError
from apps.integrations.connections import Connection, connection_by_id
from apps.integrations.models import Integration
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.players.models import Player
from apps.verification.contract import Applicant, HostedSession, StartRefused
from apps.verification.models import Verification
from apps.verification.operations.steps import lock_verification, save_step
from apps.verification.registry import adapter_of

log = structlog.get_logger(__name__)

FIRST_POLL_AFTER = timedelta(minutes=10)
MOST_ATTEMPTS = 10
"""How often one verification sends a player to the vendor; then staff has to look."""


class NoIdentityVendor(DomainError):
    """No identity vendor is connected to this brand at present."""

    code = "no-identity-vendor"
    title = "Verification is not available"
    status = 503


class VerificationUnclear(DomainError):
    """The vendor did not answer. Repeat the request: it goes on with the same verification."""

    code = "verification-unclear"
    title = "The vendor did not answer"
    status = 502


class VerificationNotPossible(DomainError):
    """The verification can not be begun or tried again now."""

    code = "verification-not-possible"
    title = "This verification is not possible now"
    status = 409


def begin_verification(
    *, player: Player, level: str, now: datetime, return_url: str = "", trigger: str = "player"
) -> Verification:
    """
    Send a player to the vendor, or back to the verification he has open. Calls the vendor: no transaction may be open.

    :param level: a Verification.Level
    :raises NoIdentityVendor: if none is connected
    :raises VerificationNotPossible: if it is in review, or was tried too often, or the vendor says no
    :raises VerificationUnclear: if the vendor does not answer; the verification stays open and may be begun again
    """
    verification = _open_one(player=player, level=level, trigger=trigger, now=now)
    if verification.state == Verification.State.REVIEW:
        raise VerificationNotPossible("It is being looked at. You need do nothing.")
    if verification.state == Verification.State.PENDING and _is_usable(verification, now):
        return verification
    if verification.attempts >= MOST_ATTEMPTS:
        raise VerificationNotPossible("It was tried too often. Support can help.")
    return _send(verification, player, return_url, now)


def open_request(*, player: Player, level: str, trigger: str, now: datetime) -> Verification:
    """Ask a player to verify (again), without a session yet: he gets one when he begins. One open of a level."""
    return _open_one(player=player, level=level, trigger=trigger, now=now)


def vendor_of(player: Player) -> Integration | None:
    """The identity vendor of a player's brand that is switched on; the oldest where there are several."""
    vendors = Integration.objects.filter(kind=Integration.Kind.IDENTITY, brand_code=player.brand.code)
    preferred = vendors.exclude(switch=Integration.Switch.OFF).order_by("pk")
    usable = [each for each in preferred if not each.options.get("is_screening")]
    return next((each for each in usable if each.options.get("is_default")), usable[0] if usable else None)


def _open_one(*, player: Player, level: str, trigger: str, now: datetime) -> Verification:
    """The open verification of this level; made if there is none, by one of those who ask at the same time."""
    mine = Verification.objects.select_related("brand").filter(player=player, level=level, state__in=Verification.OPEN)
    found = mine.first()
    if found is not None:
        return found
    integration = vendor_of(player)
    if integration is None:
        raise NoIdentityVendor
    try:
        with transaction.atomic():
            made = Verification.objects.create(
                player=player,
                brand=player.brand,
                level=level,
                trigger=trigger,
                integration=integration,
                started_at=now,
                changed_at=now,
                attempts=0,
            )
            save_step(made, "opened", before=Verification.State.NONE, now=now, trigger=trigger)
    except IntegrityError:
        return mine.get()
    return made


def _is_usable(verification: Verification, now: datetime) -> bool:
    expires_at = verification.session_expires_at
    # Hosted links live for half an hour where the vendor does not say.
    until = expires_at or verification.changed_at + timedelta(minutes=30)
    return bool(verification.session_url) and now < until


def _send(verification: Verification, player: Player, return_url: str, now: datetime) -> Verification:
    connection = connection_by_id(verification.integration_id or 0)
    adapter = adapter_of(connection) if connection is not None else None
    if connection is None or adapter is None:
        raise NoIdentityVendor
    applicant = Applicant(
        reference=str(verification.public_id),
        first_name=player.first_name,
        last_name=player.last_name,
        birth_date=player.birth_date.isoformat(),
        country=player.country,
        email=player.email if connection.options.get("share_email") else "",
        level=verification.level,
        return_url=return_url,
        subject=verification.vendor_subject,
        player_id=player.pk,
    )
    try:
        session = adapter.start(connection, applicant)
    except StartRefused as refused:
        log.warning("verification_not_started", verification=str(verification.public_id), reason=str(refused))
        raise VerificationNotPossible("The vendor does not accept it.") from refused
    except (VendorUnreachable, VendorTimeout, VendorSwitchedOff) as unclear:
        raise VerificationUnclear from unclear
    return _record(verification.pk, connection, session, now)


@transaction.atomic
def _record(verification_id: int, connection: Connection, session: HostedSession, now: datetime) -> Verification:
    verification = lock_verification(verification_id)
    before = verification.state
    if before not in (Verification.State.NONE, Verification.State.PENDING, Verification.State.RETRY):
        # The vendor decided while we asked for a new link.
        return verification
    verification.send_to_vendor(
        subject=session.subject, session=session.session, url=session.url, expires_at=session.expires_at, at=now
    )
    verification.attempts += 1
    verification.polls, verification.next_poll_at = 0, now + FIRST_POLL_AFTER
    try:
        with transaction.atomic():
            save_step(verification, "sent-to-vendor", before=before, now=now, vendor=connection.slug)
    except IntegrityError as error:
        # A session serves one verification; a vendor that gives out another's is not to be believed.
        log.exception("session_of_another_verification", verification=str(verification.public_id))
        raise VerificationUnclear from error
    return verification
