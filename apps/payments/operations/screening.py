"""Screening a withdrawal: independent checks, each stored with its answer. What follows from them, at the end."""

from datetime import datetime

from django.db import transaction

from apps.core.queue import enqueue_on_commit
from apps.payments.checks.answer import Answer, CheckSpec
from apps.payments.checks.registry import CHECKS
from apps.payments.models import ApprovalPolicy, Check, Withdrawal
from apps.payments.operations.steps import lock_withdrawal, record_step

_Hold, _Review = Check.Result.HOLD, Check.Result.REVIEW
Answers = list[tuple[CheckSpec, Answer]]


@transaction.atomic
def screen_withdrawal(*, withdrawal_id: int, now: datetime) -> Withdrawal:
    """
    Ask every check, store the answers, and let the withdrawal go, be looked at, or wait. Repeated: nothing happens.

    A check decides nothing on money: nothing is rejected here.
    """
    withdrawal = lock_withdrawal(withdrawal_id)
    if withdrawal.state not in (Withdrawal.State.REQUESTED, Withdrawal.State.SCREENING):
        return withdrawal
    before = withdrawal.state
    if before == Withdrawal.State.REQUESTED:
        withdrawal.begin_screening(at=now)
    answers = ask_checks(withdrawal, now=now)
    results = {answer.result for _, answer in answers}
    held = first_hold(answers)
    if held is not None:
        withdrawal.hold(reason_code=held.name, player_reason=held.player_reason, at=now)
    elif _Review in results or not _goes_by_itself(withdrawal):
        withdrawal.needs_override = _Review in results
        withdrawal.send_to_review(at=now)
    else:
        withdrawal.approve(at=now)
        enqueue_on_commit("payments.submit_withdrawal", withdrawal_id=withdrawal.pk)
    withdrawal.save(
        update_fields=["state", "reason_code", "player_reason", "needs_override", "approved_at", "changed_at"]
    )
    record_step(
        withdrawal, "screened", before=before, now=now,
        results=results_of(answers),
    )  # fmt: skip
    return withdrawal


def ask_checks(withdrawal: Withdrawal, *, now: datetime) -> Answers:
    """Ask every check of a locked withdrawal and store the answers, in the caller's transaction."""
    answers = [(spec, spec.ask(withdrawal, now)) for spec in CHECKS]
    Check.objects.bulk_create(
        Check(
            withdrawal=withdrawal, name=spec.name, version=spec.version, result=answer.result, reason=answer.reason,
            evidence=dict(answer.evidence), at=now,
        )
        for spec, answer in answers
    )  # fmt: skip
    return answers


def first_hold(answers: Answers) -> CheckSpec | None:
    """The first check that wants something to happen before money leaves; None if none does."""
    return next((spec for spec, answer in answers if answer.result == _Hold), None)


def results_of(answers: Answers) -> dict[str, str]:
    """What each check answered, for the step that is written down."""
    return {spec.name: answer.result.value for spec, answer in answers}


def policy_of(withdrawal: Withdrawal) -> ApprovalPolicy | None:
    """Return who has to agree at this brand and currency; without a row, two people to everything."""
    return ApprovalPolicy.objects.filter(brand_id=withdrawal.brand_id, currency=withdrawal.currency).first()


def _goes_by_itself(withdrawal: Withdrawal) -> bool:
    policy = policy_of(withdrawal)
    return policy is not None and withdrawal.amount_units <= policy.auto_limit_units
