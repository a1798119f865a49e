"""What every operation on a case begins and ends with: the lock, who may, the event, the notice. Its refusals too."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.compliance.models import Case, CaseEvent, CaseNotice
from apps.compliance.queues import may_work
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact

PLATFORM = "platform"


class CaseUnknown(DomainError):
    """There is no such case, or not for this person."""

    code: ClassVar[str] = "case-unknown"
    title: ClassVar[str] = "There is no such case"
    status: ClassVar[int] = 404


class CaseClosed(DomainError):
    """A resolved case is read-only; it has to be reopened first."""

    code: ClassVar[str] = "case-closed"
    title: ClassVar[str] = "The case is resolved, so it is read-only"
    status: ClassVar[int] = 409


class CaseNotHeld(DomainError):
    """Only who holds a case works on it."""

    code: ClassVar[str] = "case-not-held"
    title: ClassVar[str] = "Claim the case first"
    status: ClassVar[int] = 409


class CaseHeldByAnother(DomainError):
    """Somebody else works on it."""

    code: ClassVar[str] = "case-held-by-another"
    title: ClassVar[str] = "Somebody else works on this case"
    status: ClassVar[int] = 409


class UnableToDoThat(DomainError):
    """The case is not in a state in which this could be done."""

    code: ClassVar[str] = "case-not-in-that-state"
    title: ClassVar[str] = "That can not be done with the case now"
    status: ClassVar[int] = 409


def lock_case(case_id: int) -> Case:
    """
    Lock a case's row until the end of the transaction.

    :raises CaseUnknown: if there is none
    """
    found = list(
        Case.objects.select_for_update(of=("self",), no_key=True)
        .select_related("blueprint", "player", "holder")
        .filter(pk=case_id)
    )
    if not found:
        raise CaseUnknown
    return found[0]


def lock_for(actor: User, case_id: int, *, permission: str = "") -> Case:
    """
    Lock a case for somebody who may work on its queue; to others it does not exist.

    :raises CaseUnknown: if there is none, or not for this person
    :raises PermissionDenied: if the person lacks `permission`
    """
    case = lock_case(case_id)
    if not may_work(actor, case):
        raise CaseUnknown
    if permission and not actor.has_perm(permission):
        raise PermissionDenied
    return case


def require_open(case: Case) -> None:
    """
    Refuse to touch a resolved case.

    :raises CaseClosed: if it is
    """
    if case.is_closed:
        raise CaseClosed


def require_held_by(case: Case, actor: User) -> None:
    """
    Refuse who does not hold the case.

    :raises CaseClosed: if it is resolved
    :raises CaseNotHeld: if nobody holds it
    :raises CaseHeldByAnother: if somebody else does
    """
    require_open(case)
    if case.holder_id is None:
        raise CaseNotHeld
    if case.holder_id != actor.pk:
        raise CaseHeldByAnother(f"{case.holder} works on this case.")


def save(case: Case, *fields: str, now: datetime, by: User | None = None) -> None:
    """Write these fields. Whoever holds a case and works on it (`by`) keeps it for another while."""
    case.changed_at = now
    touched = {"changed_at", *fields}
    if by is not None and case.holder_id == by.pk:
        case.claim_expires_at = now + timedelta(minutes=case.blueprint.claim_minutes)
        touched.add("claim_expires_at")
    case.save(update_fields=sorted(touched))


def record(
    case: Case,
    kind: str,
    *,
    actor: User | str,
    now: datetime,
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> CaseEvent:
    """Append what happened."""
    person = None if isinstance(actor, str) else actor
    return CaseEvent.objects.create(
        case=case,
        kind=kind,
        actor=person,
        actor_name=actor if isinstance(actor, str) else actor.get_username(),
        text=text,
        data=dict(data or {}),
        request_id=current_request_id(),
        at=now,
    )


def tell(case: Case, what: str, *, now: datetime) -> None:
    """Tell the outbox that a case was opened, resolved or reopened: which, of what kind; nothing of its content."""
    record_fact(
        kind=f"compliance.case.{what}",
        brand_code=case.brand.code,
        player_id=case.player_id,
        subject=case.reference,
        data={"blueprint": case.blueprint_code, "severity": case.severity, "state": case.state},
        now=now,
    )


def notify(case: Case, kind: str, text: str, *, now: datetime, user: User | None = None) -> None:
    """Tell the holder (or somebody else); without one the queue itself tells."""
    to = user or case.holder
    if to is not None:
        CaseNotice.objects.create(user=to, case=case, kind=kind, text=text, at=now)
