"""What may be done behind the wall. Two people for every report, and for every decision to make none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404

from apps.compliance.grants import is_granted
from apps.compliance.models import Case, Evidence
from apps.compliance.queues import may_work
from apps.compliance_reports.goaml import ReportIncomplete, digest_of, missing_parts, schema_of, write_document
from apps.compliance_reports.models import AuthorityProfile, Report, ReportEvent, ReportItem
from apps.compliance_reports.wall import APPROVE, ENTER
from apps.core.errors import DomainError

SHORTEST = 40
_EDITABLE = ("report_code", "reason", "action", "indicators")


class NotNow(DomainError):
    """It is not in a state in which this could be done."""

    code: ClassVar[str] = "filing-not-in-that-state"
    title: ClassVar[str] = "That can not be done now"
    status: ClassVar[int] = 409


class SecondPersonNeeded(DomainError):
    """Whoever wrote it does not approve it."""

    code: ClassVar[str] = "filing-second-person"
    title: ClassVar[str] = "A second person has to decide"
    status: ClassVar[int] = 403


@transaction.atomic
def draft(*, case_id: int, profile_code: str, actor: User, now: datetime) -> Report:
    """
    Begin a report about a case's player; without a profile, a decision not to report.

    :raises Http404: if the person is not behind the wall, or may not work on the case
    """
    _require_inside(actor, ENTER)
    case = Case.objects.filter(pk=case_id).first()
    if case is None or not may_work(actor, case):
        raise Http404
    profile = AuthorityProfile.objects.filter(code=profile_code).order_by("-version").first() if profile_code else None
    if profile_code and profile is None:
        raise NotNow("There is no profile of that authority; load one first.")
    report = Report.objects.create(
        kind=Report.Kind.REPORT if profile else Report.Kind.NO_REPORT,
        case=case,
        player_id=case.player_id,
        profile=profile,
        drafted_by=actor,
        drafted_at=now,
    )
    _record(report, "drafted", actor, now)
    return report


@transaction.atomic
def edit(*, public_id: UUID, changes: Mapping[str, Any], actor: User, now: datetime) -> Report:
    """
    Change a draft.

    :raises NotNow: if it is no draft any more
    """
    report = _lock(public_id, actor)
    _require_state(report, Report.State.DRAFT)
    for name in _EDITABLE:
        if name in changes:
            setattr(report, name, changes[name])
    report.save(update_fields=list(_EDITABLE))
    _record(report, "edited", actor, now)
    return report


@transaction.atomic
def cite(
    *, public_id: UUID, evidence_ids: Sequence[int], rates: Mapping[int, Decimal], actor: User, now: datetime
) -> Report:
    """
    Cite pinned transactions of the case, by the hash they have now; those not named are cited no more.

    :raises NotNow: if it is no draft any more, or a piece is not a transaction of its case
    """
    report = _lock(public_id, actor)
    _require_state(report, Report.State.DRAFT)
    pieces = list(Evidence.objects.filter(pk__in=evidence_ids, case=report.case_id, kind=Evidence.Kind.TRANSACTION))
    if len(pieces) != len(set(evidence_ids)):
        raise NotNow("Only transactions kept as evidence in its case are cited.")
    report.items.all().delete()
    ReportItem.objects.bulk_create(
        ReportItem(report=report, evidence=piece, sha256=piece.sha256, exchange_rate=rates.get(piece.pk))
        for piece in pieces
    )
    _record(report, "cited", actor, now, f"{len(pieces)} transactions")
    return report


@transaction.atomic
def send_to_review(*, public_id: UUID, actor: User, now: datetime) -> Report:
    """
    Ask a second person to read it.

    :raises ReportIncomplete: if something is missing
    """
    report = _lock(public_id, actor)
    _require_state(report, Report.State.DRAFT)
    _require_complete(report, now)
    report.send_to_review(maker=actor)
    report.save(update_fields=["state", "maker"])
    _record(report, "sent-to-review", actor, now)
    return report


@transaction.atomic
def review(*, public_id: UUID, approve: bool, note: str, actor: User, now: datetime) -> Report:
    """
    Agree, or send it back.

    :raises SecondPersonNeeded: if the person wrote any of it or asked for the review
    """
    report = _lock(public_id, actor, APPROVE)
    _require_state(report, Report.State.INTERNAL_REVIEW)
    wrote = report.events.filter(actor=actor, kind__in=("drafted", "edited", "cited", "sent-to-review")).exists()
    if wrote or actor.pk in (report.maker_id, report.drafted_by_id):
        raise SecondPersonNeeded
    if not approve:
        report.send_back()
        report.save(update_fields=["state", "maker"])
        _record(report, "sent-back", actor, now, note)
        return report
    _require_complete(report, now)
    if report.kind == Report.Kind.NO_REPORT:
        report.agree_not_to(checker=actor, at=now)
    else:
        report.approve(checker=actor, at=now)
    report.save(update_fields=["state", "checker", "reviewed_at", "closed_at"])
    _record(report, "approved", actor, now, note)
    return report


@transaction.atomic
def submit(*, public_id: UUID, actor: User, now: datetime) -> Report:
    """
    Write the document, check it against the authority's schema and keep it as handed in.

    :raises ReportIncomplete: if something is missing
    :raises ReportNotValid: if the schema refuses it: then nothing has happened
    """
    report = _lock(public_id, actor)
    _require_state(report, Report.State.APPROVED)
    document = write_document(report, at=now)
    report.submit(document=document, digest=digest_of(document), at=now)
    report.save(update_fields=["state", "document", "document_sha256", "submitted_at"])
    _record(report, "submitted", actor, now, report.document_sha256)
    return report


@transaction.atomic
def note_answer(*, public_id: UUID, accepted: bool, words: str, actor: User, now: datetime) -> Report:
    """Keep what the authority answered: its reference, or why it does not take it."""
    report = _lock(public_id, actor)
    _require_state(report, Report.State.SUBMITTED)
    if accepted:
        report.accept(reference=words[:80], at=now)
    else:
        report.reject(why=words, at=now)
    report.save(update_fields=["state", "authority_reference", "rejection", "closed_at"])
    _record(report, "accepted" if accepted else "rejected", actor, now, words)
    return report


@transaction.atomic
def correct(*, public_id: UUID, actor: User, now: datetime) -> Report:
    """Begin a corrected report in the place of a rejected one: a draft with the same words and transactions."""
    report = _lock(public_id, actor)
    _require_state(report, Report.State.REJECTED)
    again = Report.objects.create(
        kind=report.kind, case=report.case, player=report.player, profile=report.profile, corrects=report,
        report_code=report.report_code, reason=report.reason, action=report.action, indicators=report.indicators,
        drafted_by=actor, drafted_at=now,
    )  # fmt: skip
    ReportItem.objects.bulk_create(
        ReportItem(report=again, evidence=item.evidence, sha256=item.sha256, exchange_rate=item.exchange_rate)
        for item in report.items.select_related("evidence")
    )
    report.mark_corrected(at=now)
    report.save(update_fields=["state", "closed_at"])
    _record(report, "corrected", actor, now)
    _record(again, "drafted", actor, now, "Takes the place of a rejected one")
    return again


def has_profile(code: str) -> bool:
    """Whether an authority is set up."""
    return AuthorityProfile.objects.filter(code=code).exists()


@transaction.atomic
def load_profile(*, code: str, facts: Mapping[str, Any], xsd: str, actor: str, now: datetime) -> AuthorityProfile:
    """
    Put a new version of an authority's profile in force, with its schema. Reports begun before keep theirs.

    :param facts: ``title``, ``jurisdiction``, ``schema_version`` and ``terms``
    :raises SchemaNotSound: if the schema is none
    """
    schema_of(xsd)
    last = AuthorityProfile.objects.filter(code=code).order_by("-version").first()
    return AuthorityProfile.objects.create(
        code=code, version=last.version + 1 if last else 1, title=facts["title"], jurisdiction=facts["jurisdiction"],
        schema_version=facts["schema_version"], terms=facts["terms"], xsd=xsd, xsd_sha256=digest_of(xsd),
        loaded_at=now, loaded_by=actor,
    )  # fmt: skip


def _require_complete(report: Report, now: datetime) -> None:
    missing = missing_parts(report, at=now) if report.kind == Report.Kind.REPORT else []
    if len(report.reason.strip()) < SHORTEST:
        missing.append(f"Reasons, in at least {SHORTEST} characters")
    if missing:
        raise ReportIncomplete("Missing: " + "; ".join(missing) + ".", extensions={"missing": missing})


def _require_state(report: Report, *states: str) -> None:
    if report.state not in states:
        raise NotNow(f"It is {report.get_state_display().lower()}.")


def _require_inside(actor: User, permission: str) -> None:
    if not is_granted(actor, permission):
        raise Http404


def _lock(public_id: UUID, actor: User, permission: str = ENTER) -> Report:
    """Lock one report for somebody behind the wall who serves its case; to others there is none."""
    _require_inside(actor, ENTER)
    _require_inside(actor, permission)
    found = (
        Report.objects.select_for_update(of=("self",), no_key=True)
        .select_related("case", "player", "profile", "corrects").filter(public_id=public_id).first()
    )  # fmt: skip
    if found is None or not may_work(actor, found.case):
        raise Http404
    return found


def _record(report: Report, kind: str, actor: User, now: datetime, note: str = "") -> None:
    ReportEvent.objects.create(report=report, kind=kind, actor=actor, note=note, at=now)
