"""What people do about breaks: claim, comment, post, write off. Nothing is edited; money moves by postings only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import BigIntegerField, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from apps.brands.models import StaffScope
from apps.compliance.approvals import request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from apps.reconciliation.models import Break, BreakEvent, Resolution, Scope, WriteOffAccount
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, post, shared_account

WRITE_OFF = "reconciliation.write_off"
WORK_PERMISSION = "reconciliation.work_break"
PROPOSE_PERMISSION = "reconciliation.propose_writeoff"
APPROVE_PERMISSION = "reconciliation.approve_writeoff"
_SHORTEST_NOTE = 10


class BreakUnknown(DomainError):
    """There is no such break, or it is another brand's."""

    code = "reconciliation-break-unknown"
    title = "Unknown break"
    status = 404


class BreakNotOpen(DomainError):
    """Nothing is left of it: a later run, or a colleague, was faster."""

    code = "reconciliation-break-not-open"
    title = "The break is not open"
    status = 409


class BreakOwned(DomainError):
    """A colleague works on it."""

    code = "reconciliation-break-owned"
    title = "Somebody else has claimed the break"
    status = 409


class NothingToPost(DomainError):
    """The break is no difference in money, or not of a provider's account: no posting resolves it."""

    code = "reconciliation-nothing-to-post"
    title = "There is nothing to post"
    status = 422


class NoteTooShort(DomainError):
    """Say why, in ten characters or more: it is kept with the break."""

    code = "reconciliation-note-too-short"
    title = "A note is required"
    status = 422


class WriteOffChanged(DomainError):
    """Something else is left of the break than was asked about, or than was on the screen."""

    code = "reconciliation-writeoff-changed"
    title = "The write-off is not the one shown"
    status = 409


class WriteOffWaits(DomainError):
    """A proposal to write it off waits for a second person; that comes first."""

    code = "reconciliation-writeoff-waits"
    title = "A write-off waits for a decision"
    status = 409


@transaction.atomic
def claim_break(*, break_id: int, actor: User, now: datetime) -> Break:
    """
    Make a break one's own.

    :raises BreakOwned: if it is a colleague's
    """
    found = _lock(break_id, actor, WORK_PERMISSION)
    if found.owner_id not in (None, actor.pk):
        raise BreakOwned
    if found.owner_id is None:
        found.owner, found.changed_at = actor, now
        found.save(update_fields=["owner", "changed_at"])
        _note(found, BreakEvent.Kind.CLAIMED, actor=actor, now=now)
    return found


@transaction.atomic
def release_break(*, break_id: int, note: str, actor: User, now: datetime) -> Break:
    """Give a break back to the queue; anybody who works on breaks may, since people fall ill."""
    found = _lock(break_id, actor, WORK_PERMISSION)
    if found.owner_id is not None:
        found.owner, found.changed_at = None, now
        found.save(update_fields=["owner", "changed_at"])
        _note(found, BreakEvent.Kind.RELEASED, note, actor=actor, now=now)
    return found


@transaction.atomic
def comment_on_break(*, break_id: int, text: str, actor: User, now: datetime) -> BreakEvent:
    """Add a comment, to a resolved break too."""
    found = _lock(break_id, actor, WORK_PERMISSION, must_be_open=False)
    if not text.strip():
        raise NoteTooShort("A comment says something.")
    return _note(found, BreakEvent.Kind.COMMENT, text, actor=actor, now=now)


@transaction.atomic
def post_break(*, break_id: int, remaining_units: int, note: str, actor: User, now: datetime) -> Resolution:
    """
    Carry what is left of a break to suspense: a claim on the provider, or a debt to him. Nobody gains or loses by it.

    :param remaining_units: what the actor was shown, so that he posts nothing else
    :raises WriteOffChanged: if something else is left
    :raises NothingToPost: if no posting can resolve it
    """
    found = _lock(break_id, actor, WORK_PERMISSION)
    _require_note(note)
    if waiting_for(found) is not None:
        raise WriteOffWaits
    if found.remaining_units != remaining_units:
        raise WriteOffChanged
    transaction_id = _post(found, AccountKind.SUSPENSE.value, now, {"note": note.strip(), "by": actor.get_username()})
    return _resolve(found, transaction_id, "suspense", note, now, actor=actor)


@transaction.atomic
def propose_write_off(*, break_id: int, account: str, note: str, actor: User, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to carry what is left of a break to profit and loss; nothing moves yet.

    :param account: a `WriteOffAccount`
    :raises WriteOffWaits: if a proposal waits already
    """
    found = _lock(break_id, actor, PROPOSE_PERMISSION)
    _require_note(note)
    _require_postable(found)
    if account not in WriteOffAccount.values:
        raise NothingToPost("Unknown account.")
    if waiting_for(found) is not None:
        raise WriteOffWaits
    asked = request_approval(
        command=WRITE_OFF,
        payload=write_off_payload(found, account=account, note=note),
        maker=actor,
        reason=note,
        now=now,
        brand_id=found.brand_id,
    )
    _note(found, BreakEvent.Kind.PROPOSED, note, actor=actor, now=now)
    return asked


def write_off_payload(found: Break, *, account: str, note: str) -> dict[str, Any]:
    """What `WRITE_OFF` needs: what is left of a break in ledger units, and where it is carried to."""
    return {
        "break": found.pk,
        "currency": found.currency,
        "units": found.remaining_units,
        "account": account,
        "note": note.strip(),
    }


def write_off(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Post a write-off that two people agreed to, under the break's lock."""
    found = _lock(payload["break"], checker, APPROVE_PERMISSION)
    if (found.remaining_units, found.currency) != (payload["units"], payload["currency"]):
        raise WriteOffChanged
    people = {"proposed_by": maker.get_username(), "approved_by": checker.get_username()}
    transaction_id = _post(found, payload["account"], now, people)
    _resolve(found, transaction_id, payload["account"], payload["note"], now, actor=maker, checker=checker)
    return {"transaction": str(transaction_id)}


def recheck_write_off(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    """
    Look whether there is still that much to write off.

    :raises BreakNotOpen: if nothing is left
    :raises WriteOffChanged: if something else is left
    """
    found = Break.objects.filter(pk=payload["break"]).first()
    if found is None or found.state != Break.State.OPEN:
        raise BreakNotOpen
    if (found.remaining_units, found.currency) != (payload["units"], payload["currency"]):
        raise WriteOffChanged


def abandon_write_off(*, payload: Mapping[str, Any], now: datetime) -> None:
    """Note with the break that nothing came of the proposal."""
    found = Break.objects.select_for_update(no_key=True).get(pk=payload["break"])
    _note(found, BreakEvent.Kind.REJECTED, "See the request under Approvals.", actor=None, now=now)


def waiting_for(found: Break) -> ApprovalRequest | None:
    """The request to write a break off that waits for a second person."""
    return waiting_write_offs().filter(payload__break=found.pk).select_related("maker").first()


def breaks_with_proposals() -> QuerySet[ApprovalRequest, int]:
    """Keys of the breaks whose write-off waits for a second person."""
    key = Cast(KeyTextTransform("break", "payload"), BigIntegerField())
    return waiting_write_offs().annotate(of_break=key).values_list("of_break", flat=True)


def waiting_write_offs() -> QuerySet[ApprovalRequest]:
    """Every request to write a break off that waits for a second person."""
    return ApprovalRequest.objects.filter(command=WRITE_OFF, state=ApprovalRequest.State.WAITING)


def is_postable(found: Break) -> bool:
    """Whether a posting can cover what is left of it."""
    is_provider = found.scope in (Scope.PSP, Scope.GAMES) and found.integration_id and found.brand_id
    return bool(is_provider and found.currency and found.remaining_units)


def _post(found: Break, account: str, now: datetime, details: dict[str, str]) -> UUID:
    """
    Bring the provider's account to what he says.

    `remaining` > 0: he owes us more than is booked. Of a payment provider that is a debit balance, of a game provider
    (whose account earns what players lose) a credit balance.
    """
    brand_id = _require_postable(found)
    is_game = found.scope == Scope.GAMES
    kind = AccountKind.PROVIDER if is_game else AccountKind.PSP
    provider = shared_account(
        brand_id=brand_id, currency=found.currency, kind=kind.value, integration_id=found.integration_id
    )
    other = shared_account(brand_id=brand_id, currency=found.currency, kind=account)
    units = found.remaining_units
    owes_more = (units > 0) != is_game
    leg = Leg(provider, other, abs(units)) if owes_more else Leg(other, provider, abs(units))
    return post(
        kind=TransactionKind.CORRECTION.value,
        brand_id=brand_id,
        currency=found.currency,
        integration_id=found.integration_id,
        legs=[leg],
        details={"break": str(found.public_id), "subject": found.subject, **details},
        now=now,
    )


def _resolve(
    found: Break,
    transaction_id: UUID,
    account: str,
    note: str,
    now: datetime,
    *,
    actor: User,
    checker: User | None = None,
) -> Resolution:
    units = found.remaining_units
    made = Resolution.objects.create(
        of_break=found,
        transaction_id=transaction_id,
        units=units,
        account=account,
        posted_by=actor,
        approved_by=checker,
        posted_at=now,
    )
    found.posted_units += units
    found.resolve(how=Break.ResolvedBy.WRITE_OFF if checker else Break.ResolvedBy.POSTING, at=now)
    found.save(update_fields=["posted_units", "state", "resolved_by", "resolved_at", "changed_at"])
    kind = BreakEvent.Kind.WRITTEN_OFF if checker else BreakEvent.Kind.POSTED
    _note(found, kind, note, actor=checker or actor, now=now, transaction_id=transaction_id)
    return made


def _require_postable(found: Break) -> int:
    if found.brand_id is None or not is_postable(found):
        raise NothingToPost
    return found.brand_id


def _require_note(note: str) -> None:
    if len(note.strip()) < _SHORTEST_NOTE:
        raise NoteTooShort


def _note(
    found: Break,
    kind: BreakEvent.Kind,
    text: str = "",
    *,
    actor: User | None,
    now: datetime,
    transaction_id: UUID | None = None,
) -> BreakEvent:
    return BreakEvent.objects.create(
        of_break=found, kind=kind, text=text.strip()[:2000], actor=actor, transaction_id=transaction_id, at=now
    )


def _lock(break_id: int, actor: User, permission: str, *, must_be_open: bool = True) -> Break:
    if not actor.has_perm(permission):
        raise PermissionDenied
    found = Break.objects.select_for_update(no_key=True).filter(pk=break_id).first()
    if found is None or not _serves(actor, found.brand_id):
        raise BreakUnknown
    if must_be_open and found.state != Break.State.OPEN:
        raise BreakNotOpen
    return found


def _serves(actor: User, brand_id: int | None) -> bool:
    if actor.is_superuser or brand_id is None:
        return True
    return StaffScope.objects.filter(user=actor, brand_id=brand_id).exists()
