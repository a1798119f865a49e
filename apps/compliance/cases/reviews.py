"""Drawing closed cases by chance for a quality review, and the verdict of somebody who had no part in them."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from apps.compliance.cases.steps import record
from apps.compliance.models import Case, CaseReview
from apps.compliance.queues import may_see
from apps.core.errors import DomainError

REVIEW = "compliance.review_closed_case"
_WHOLE = 2**64


class ReviewNotIndependent(DomainError):
    """Whoever held, decided on, checked or closed the case does not review it."""

    code: ClassVar[str] = "review-not-independent"
    title: ClassVar[str] = "Somebody who had no part in the case has to review it"
    status: ClassVar[int] = 403


class ReviewGiven(DomainError):
    """Somebody was faster."""

    code: ClassVar[str] = "review-given"
    title: ClassVar[str] = "The review has been given"
    status: ClassVar[int] = 409


def draw_for_review(case: Case, *, now: datetime) -> CaseReview | None:
    """
    Draw a closing by chance, in its transaction: `CASE_REVIEW_PERCENT` of all.

    Chance is a keyed digest of case and time: an auditor with the key finds the same draw, staff cannot foresee it.
    """
    digest = salted_hmac("apps.compliance.reviews", f"{case.pk}:{now.isoformat()}", algorithm="sha256").digest()
    if int.from_bytes(digest[:8], "big") * 100 >= settings.CASE_REVIEW_PERCENT * _WHOLE:
        return None
    return CaseReview.objects.create(case=case, resolution=case.resolution, closed_by=case.resolved_by, drawn_at=now)


@transaction.atomic
def give_verdict(*, review_id: int, verdict: str, note: str, actor: User, now: datetime) -> CaseReview:
    """
    Say how well a closed case was worked. Reopening it, where it ended wrongly, is a decision of its own.

    :raises PermissionDenied: without the permission, or for a case the person may not see
    :raises ReviewNotIndependent: if the person had a part in the case
    :raises ReviewGiven: if there is a verdict already
    """
    review = CaseReview.objects.select_for_update(of=("self",)).select_related("case").get(pk=review_id)
    if not (actor.has_perm(REVIEW) and may_see(actor, review.case)):
        raise PermissionDenied
    if review.verdict != CaseReview.Verdict.WAITING:
        raise ReviewGiven
    if had_part(review.case, actor):
        raise ReviewNotIndependent
    review.verdict, review.note, review.reviewer, review.reviewed_at = verdict, note.strip(), actor, now
    review.save(update_fields=["verdict", "note", "reviewer", "reviewed_at"])
    record(review.case, "reviewed", actor=actor, now=now, text=note.strip(), data={"verdict": verdict})
    return review


def had_part(case: Case, person: User) -> bool:
    """Whether somebody moved a case: noted, held, decided, checked or closed it; looking at evidence is no part."""
    took_part = case.events.filter(actor=person).exclude(kind__in=("evidence-read", "reviewed"))
    decided = case.decisions.filter(Q(decided_by=person) | Q(checked_by=person))
    return took_part.exists() or decided.exists() or person.pk in (case.resolved_by_id, case.prepared_by_id)
