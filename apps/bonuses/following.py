"""Keeping grants in step with the ledger, doing what follows from it, and counting anew. See `sql/follow.sql`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection
from django.db.models import F, Q, QuerySet

from apps.bonuses.models import DepositSeen, FailedStep, Grant, LateCredit, Progress, Wager
from apps.bonuses.operations import endings
from apps.bonuses.operations.failed_steps import note_failure, ready, settle_done
from apps.bonuses.operations.offering import offer_for_deposit
from apps.transactions.following import Behind, begun_anew, behind, follow

log = structlog.get_logger(__name__)

_MOST = 500
# A bonus of which nothing is left is not ended under a player who is just playing.
_IDLE = timedelta(minutes=10)


def follow_ledger() -> int:
    """Bring wagering up to the ledger; returns how many postings that took. Safe to run twice at once."""
    return follow("bonuses_follow_ledger")


def lag() -> Behind:
    """How far wagering is behind the ledger."""
    return behind("bonuses")


def rebuild() -> int:
    """
    Count every stake anew from the whole ledger, with the same values; returns how many postings that took.

    What has been done because of them (grants ended, late money passed on) stays.
    """
    with begun_anew("bonuses"), connection.cursor() as cursor:
        Wager.objects.all().delete()
        Progress.objects.update(
            counted_units=0, staked_units=0, stakes=0, too_large=0, bonus_in_units=0, bonus_out_units=0,
            bonus_version=0, last_at=None, withdrawal_id=None, reversal_id=None,
        )  # fmt: skip
        cursor.execute(
            "UPDATE bonuses_progress p SET bonus_version = g.opened_bonus FROM bonuses_grant g"
            " WHERE g.id = p.grant_id AND g.opened_bonus IS NOT NULL"
        )
    return follow_ledger()


def act(*, now: datetime) -> int:
    """
    Do what is due: offers for deposits, completions, ends, late money; how many.

    Each in its own transaction. What fails is noted and rests a while, so it keeps nobody else waiting.
    """
    done = sum(_tried(chore, pk, now) for chore in _CHORES for pk in _due(chore, now))
    settle_done(now=now)
    return done


@dataclass(frozen=True, slots=True)
class _Chore:
    step: FailedStep.Step
    do: Callable[..., Any]
    argument: str
    rows: Callable[[datetime], QuerySet[Any]]


def _due(chore: _Chore, now: datetime) -> list[Any]:
    return list(ready(chore.rows(now), chore.step, now=now).values_list("pk", flat=True)[:_MOST])


def _tried(chore: _Chore, pk: Any, now: datetime) -> int:
    try:
        done = chore.do(**{chore.argument: pk}, now=now)
    except Exception as error:
        log.exception("bonus_step_failed", step=chore.step.value, subject=str(pk))
        note_failure(step=chore.step, pk=pk, error=error, now=now)
        return 0
    return len(done) if isinstance(done, list) else int(done)


def _over(now: datetime) -> Q:
    return Q(state=Grant.State.OFFERED, claim_by__lte=now) | Q(state=Grant.State.ACTIVE, wager_by__lte=now)


def _open(*states: str) -> QuerySet[Grant]:
    return Grant.objects.filter(state__in=states).order_by("pk")


_State, _Step = Grant.State, FailedStep.Step
_UNFINISHED = (_State.OFFERED, _State.ACTIVE)
# What a player has earned comes before what may have ended it since; the operations see to it too.
_CHORES = (
    _Chore(
        _Step.OFFER,
        offer_for_deposit,
        "transaction_id",
        lambda _: DepositSeen.objects.filter(done_at=None).order_by("at", "pk"),
    ),
    _Chore(
        _Step.COMPLETE,
        endings.complete_grant,
        "grant_id",
        lambda _: _open(_State.ACTIVE).filter(progress__counted_units__gte=F("required_units")),
    ),
    _Chore(
        _Step.REVERSE,
        endings.cancel_for_reversal,
        "grant_id",
        lambda _: _open(*_UNFINISHED).filter(progress__reversal_id__isnull=False),
    ),
    _Chore(
        _Step.WITHDRAW,
        endings.forfeit_for_withdrawal,
        "grant_id",
        lambda _: _open(_State.ACTIVE).filter(forfeits_on_withdrawal=True, progress__withdrawal_id__isnull=False),
    ),
    _Chore(_Step.EXPIRE, endings.expire_grant, "grant_id", lambda now: _open(*_UNFINISHED).filter(_over(now))),
    _Chore(
        _Step.USE_UP,
        endings.forfeit_if_used_up,
        "grant_id",
        # As far as was followed: the bonus and all that came to it has left the bucket, a while ago.
        lambda now: _open(_State.ACTIVE).filter(
            progress__bonus_out_units__gte=F("progress__bonus_in_units") + F("amount_units"),
            progress__last_at__lt=now - _IDLE,
        ),
    ),
    _Chore(
        _Step.LATE,
        endings.settle_late_credit,
        "late_id",
        lambda _: LateCredit.objects.filter(settled_at=None).order_by("pk"),
    ),
)
