"""How a case ends: checklist, resolution with reasons, a second person where due, and reopening."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.compliance.approvals import request_approval
from apps.compliance.cases.clock import sla_of, start_clock, stop_clock
from apps.compliance.cases.reviews import draw_for_review
from apps.compliance.cases.steps import (
    CaseNotHeld,
    UnableToDoThat,
    lock_case,
    lock_for,
    record,
    require_held_by,
    save,
    tell,
)
from apps.compliance.models import Alert, ApprovalRequest, Case, CaseHold
from apps.compliance.queues import RESOLVE, check_permission, may_work
from apps.core.errors import DomainError


def resolve_command(blueprint: str) -> str:
    """Closing a case of this kind, as two people do it together."""
    return f"compliance.resolve_{blueprint}_case"


def reopen_command(blueprint: str) -> str:
    """Reopening one."""
    return f"compliance.reopen_{blueprint}_case"


class NotReadyToClose(DomainError):
    """Something that closing asks for is missing; `missing` lists it."""

    code: ClassVar[str] = "case-not-ready-to-close"
    title: ClassVar[str] = "The case is not ready to be closed"
    status: ClassVar[int] = 409


@transaction.atomic
def tick(*, case_id: int, point: str, done: bool, actor: User, now: datetime) -> Case:
    """
    Tick one point of the checklist, or take the tick back.

    :raises CaseNotHeld: if the person does not hold the case
    :raises UnableToDoThat: if there is no such point
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    if point not in {each["code"] for each in case.blueprint.checklist}:
        raise UnableToDoThat("There is no such point on the checklist.")
    if done == (point in case.checklist):
        return case
    if done:
        case.checklist[point] = {"by": actor.get_username(), "at": now.isoformat()}
    else:
        del case.checklist[point]
    save(case, "checklist", now=now, by=actor)
    record(case, "ticked" if done else "unticked", actor=actor, now=now, data={"point": point})
    return case


def missing_points(case: Case) -> list[str]:
    """What of the checklist is still to be done, in words."""
    return [each["text"] for each in case.blueprint.checklist if each["code"] not in case.checklist]


@transaction.atomic
def resolve_case(
    *, case_id: int, resolution: str, reason_codes: Sequence[str], narrative: str, actor: User, now: datetime
) -> Case | ApprovalRequest:
    """
    Close a case, or ask a second person to where the blueprint says so.

    :return: the resolved case, or the request that waits
    :raises NotReadyToClose: naming what is missing: checklist, reasons, narrative, money still held
    :raises PermissionDenied: if the person may not close cases
    """
    case = lock_for(actor, case_id, permission=RESOLVE)
    require_held_by(case, actor)
    terms = {
        "case": case.pk,
        "reference": case.reference,
        "resolution": resolution,
        "reason_codes": sorted(set(reason_codes)),
        "narrative": narrative.strip(),
    }
    _require_ready(case, terms)
    if resolution not in case.blueprint.second_person_for:
        return _close(case, terms, actor, None, now)
    asked = request_approval(
        command=resolve_command(case.blueprint_code), payload=terms, maker=actor, reason=narrative.strip()[:2000],
        now=now,
        subject_player_id=case.player_id,
    )  # fmt: skip
    case.prepared_by = actor
    save(case, "prepared_by", now=now, by=actor)
    record(case, "close-asked", actor=actor, now=now, text=narrative, data={"request": asked.pk, **terms})
    return asked


@transaction.atomic
def reopen_case(*, case_id: int, reason: str, actor: User, now: datetime) -> Case | ApprovalRequest:
    """
    Look at a resolved case again, or ask a second person whether one may.

    :return: the open case, held by nobody, or the request that waits
    :raises UnableToDoThat: if it is not resolved, was merged, or the player has another open case of the kind
    """
    case = lock_for(actor, case_id, permission=RESOLVE)
    _require_reopenable(case)
    if not case.blueprint.reopen_needs_approval:
        return _reopen(case, reason, actor, None, now)
    payload = {"case": case.pk, "reference": case.reference, "reason": reason}
    return request_approval(
        command=reopen_command(case.blueprint_code),
        payload=payload,
        maker=actor,
        reason=reason,
        now=now,
        subject_player_id=case.player_id,
    )


def execute_resolve(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """What the approvals carry out: close it as it was proposed."""
    case = lock_case(payload["case"])
    require_checker(case, checker)
    _require_ready(case, payload)
    _close(case, payload, maker, checker, now)
    return {"case": case.reference, "resolution": payload["resolution"]}


def execute_reopen(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """What the approvals carry out: open it again."""
    case = lock_case(payload["case"])
    require_checker(case, checker)
    _require_reopenable(case)
    _reopen(case, payload["reason"], maker, checker, now)
    return {"case": case.reference}


def require_checker(case: Case, checker: User) -> None:
    """
    Let nobody be the second person for a queue they may not work in.

    :raises PermissionDenied: if so
    """
    if not (checker.has_perm(check_permission(case.blueprint_code)) and may_work(checker, case)):
        raise PermissionDenied


def _require_ready(case: Case, terms: Mapping[str, Any]) -> None:
    blueprint = case.blueprint
    missing = [f"Checklist: {text}" for text in missing_points(case)]
    if terms["resolution"] not in blueprint.resolutions:
        missing.append(f"A resolution that {blueprint.title.lower()} cases have")
    known = {code for code, _ in blueprint.reasons}
    if not terms["reason_codes"] or set(terms["reason_codes"]) - known:
        missing.append("A reason code of this kind of case")
    if len(terms["narrative"]) < blueprint.min_narrative:
        missing.append(f"A narrative of at least {blueprint.min_narrative} characters")
    held = list(CaseHold.objects.filter(case=case, closed_at=None).values_list("kind", flat=True))
    if held:
        missing.append(f"Money is still held because of this case ({', '.join(held)}): release it first")
    if missing:
        raise NotReadyToClose("Missing: " + "; ".join(missing) + ".", extensions={"missing": missing})


def _close(case: Case, terms: Mapping[str, Any], actor: User, checker: User | None, now: datetime) -> Case:
    if case.is_closed:
        raise UnableToDoThat("It is resolved already.")
    stop_clock(case, why="resolved", now=now)
    case.resolve(
        resolution=terms["resolution"],
        reason_codes=list(terms["reason_codes"]),
        narrative=terms["narrative"],
        by=actor,
        at=now,
    )
    case.save()
    Alert.objects.filter(case=case, state=Alert.State.OPEN).update(state=Alert.State.CLOSED, closed_at=now)
    data = {
        "resolution": terms["resolution"],
        "reason_codes": list(terms["reason_codes"]),
        "checked_by": checker.get_username() if checker else "",
    }
    record(case, "resolved", actor=actor, now=now, text=terms["narrative"], data=data)
    tell(case, "resolved", now=now)
    draw_for_review(case, now=now)
    return case


def _require_reopenable(case: Case) -> None:
    if not case.is_closed:
        raise UnableToDoThat("It is open.")
    if case.merged_into_id is not None:
        raise UnableToDoThat("It was merged; work on the case it went into.")
    twin = Case.objects.filter(player=case.player_id, blueprint_code=case.blueprint_code)
    if twin.exclude(state=Case.State.RESOLVED).exists():
        raise UnableToDoThat("The player has another open case of this kind; work on that one.")


def _reopen(case: Case, reason: str, actor: User, checker: User | None, now: datetime) -> Case:
    case.reopen(at=now)
    case.stage = Case.Stage.INVESTIGATION
    case.sla_minutes = case.sla_minutes + sla_of(
        case.blueprint, severity=case.severity, jurisdiction=case.player.jurisdiction_id
    )
    start_clock(case, now=now)
    case.save()
    data = {"checked_by": checker.get_username() if checker else ""}
    record(case, "reopened", actor=actor, now=now, text=reason, data=data)
    tell(case, "reopened", now=now)
    return case


def still_held(case_id: int, maker: User) -> None:
    """
    Check that whoever asked for something still works on the case.

    :raises CaseNotHeld: if not
    """
    if not Case.objects.filter(pk=case_id, holder=maker).exists():
        raise CaseNotHeld
