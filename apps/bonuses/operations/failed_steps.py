"""Steps that failed: noted, left out until they are due again, and settled once they succeed or nobody needs them."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.bonuses.models import DepositSeen, FailedStep, Grant, LateCredit
from apps.core.errors import DomainError
from apps.payments.models import Deposit

log = structlog.get_logger(__name__)

SETTLE_PERMISSION = "bonuses.settle_failedstep"
MOST_TRIES = 20
"""Then a person has to say so: some two and a half days, longer than anything that passes by itself."""
SHOWN_FROM = 3
"""So often it has failed before anybody is told: half a minute."""
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=6)
_ALL_THAT_CAME = F("grant__progress__bonus_in_units") + F("grant__amount_units")

Rows = TypeVar("Rows", bound=models.Model)


class StepSettled(DomainError):
    """It is not open any more, or can not be set aside."""

    code = "bonus-step-settled"
    title = "This step is settled, or cannot be set aside"
    status = 409


def ready(rows: QuerySet[Rows], step: str, *, now: datetime) -> QuerySet[Rows]:
    """Leave out those whose step has failed and is not to be tried again yet, so that they keep nobody waiting."""
    resting = FailedStep.objects.filter(step=step, settled_at=None, **{subject_of(step): OuterRef("pk")})
    return rows.filter(~Exists(resting.exclude(next_try_at__lte=now)))


def open_steps() -> QuerySet[FailedStep]:
    """Those that failed more than now and then, and are not settled."""
    return FailedStep.objects.filter(settled_at=None, tries__gte=SHOWN_FROM)


@transaction.atomic
def note_failure(*, step: str, pk: Any, error: Exception, now: datetime) -> FailedStep:
    """Count a try that failed, and say when the next one is."""
    made, _ = FailedStep.objects.get_or_create(
        step=step, settled_at=None, **{f"{subject_of(step)}_id": pk},
        defaults={"brand_id": _brand_of(step, pk), "tries": 0, "first_at": now, "last_at": now},
    )  # fmt: skip
    failed = FailedStep.objects.select_for_update().get(pk=made.pk)
    failed.tries += 1
    failed.error = f"{type(error).__name__}: {error}".replace("\x00", "")[:500]
    failed.last_at = now
    is_given_up = failed.tries >= MOST_TRIES
    failed.next_try_at = None if is_given_up else now + min(_FIRST_PAUSE * 2 ** (failed.tries - 1), _LONGEST_PAUSE)
    failed.save(update_fields=["tries", "error", "last_at", "next_try_at"])
    if is_given_up:
        log.error("bonus_step_given_up", step=step, failed=failed.pk)
    return failed


def settle_done(*, now: datetime) -> int:
    """Close those whose grant has ended, whose money was passed on, or whose deposit was looked at; how many."""
    over = (
        Q(grant__ended_at__isnull=False)
        | Q(late_credit__settled_at__isnull=False)
        | Q(deposit__done_at__isnull=False)
        # Played on: there is a bonus to be wagered again.
        | Q(step=FailedStep.Step.USE_UP, grant__progress__bonus_out_units__lt=_ALL_THAT_CAME)
    )
    done = list(FailedStep.objects.filter(over, settled_at=None).values_list("pk", flat=True))
    return FailedStep.objects.filter(pk__in=done, settled_at=None).update(
        settled_at=now, settled_how="done, or no longer due", next_try_at=None
    )


@transaction.atomic
def try_again(*, failed_id: int, actor: User, now: datetime) -> FailedStep:
    """
    Let the worker try a step once more, at once.

    :raises PermissionDenied: if the actor may not
    :raises StepSettled: if it is settled
    """
    failed = _locked(failed_id, actor)
    failed.next_try_at = now
    failed.save(update_fields=["next_try_at"])
    return failed


@transaction.atomic
def set_aside(*, failed_id: int, actor: User, reason: str, now: datetime) -> FailedStep:
    """
    Offer nothing for a deposit. A bonus that can not be ended is cancelled on its own page, or tried again.

    :raises PermissionDenied: if the actor may not
    :raises StepSettled: if it is settled, or is no deposit's
    """
    failed = _locked(failed_id, actor)
    if failed.deposit is None:
        raise StepSettled
    DepositSeen.objects.filter(pk=failed.deposit.pk, done_at=None).update(done_at=now)
    failed.settled_at, failed.next_try_at = now, None
    failed.settled_how = f"{actor.get_username()}: {reason}"[:120]
    failed.save(update_fields=["settled_at", "settled_how", "next_try_at"])
    return failed


def subject_of(step: str) -> str:
    """Which row a step is about."""
    return {FailedStep.Step.OFFER: "deposit", FailedStep.Step.LATE: "late_credit"}.get(FailedStep.Step(step), "grant")


def _locked(failed_id: int, actor: User) -> FailedStep:
    if not (actor.is_active and actor.has_perm(SETTLE_PERMISSION)):
        raise PermissionDenied
    failed = FailedStep.objects.select_for_update().get(pk=failed_id)
    if failed.settled_at is not None:
        raise StepSettled
    return failed


def _brand_of(step: str, pk: Any) -> int | None:
    if step == FailedStep.Step.OFFER:
        public_id = DepositSeen.objects.values_list("deposit_id", flat=True).get(pk=pk)
        return Deposit.objects.filter(public_id=public_id).values_list("player__brand_id", flat=True).first()
    if step == FailedStep.Step.LATE:
        return LateCredit.objects.values_list("grant__brand_id", flat=True).get(pk=pk)
    return Grant.objects.values_list("brand_id", flat=True).get(pk=pk)
