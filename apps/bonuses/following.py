"""Keeping grants in step with the ledger, doing what follows from it, and counting anew. See `sql/follow.sql`."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import F, Q, QuerySet

from apps.bonuses.models import DepositSeen, Grant, LateCredit, Progress, Wager
from apps.bonuses.operations import endings
from apps.bonuses.operations.offering import note_failed_try, offer_for_deposit
from apps.transactions.following import begun_anew, follow

log = structlog.get_logger(__name__)

_MOST = 500
# A bonus of which nothing is left is not ended under a player who is just playing.
_IDLE = timedelta(minutes=10)


def follow_ledger() -> int:
    """Bring wagering up to the ledger; returns how many postings that took. Safe to run twice at once."""
    return follow("bonuses_follow_ledger")


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
    """Do what is due: offers for deposits, completions, ends, late money; each in its own transaction. How many."""
    offered = sum(_tried(pk, now) for pk in _waiting_deposits())
    active = Grant.objects.filter(state=Grant.State.ACTIVE)
    unfinished = Grant.objects.filter(state__in=(Grant.State.OFFERED, Grant.State.ACTIVE))
    due: list[tuple[Callable[..., bool], list[int]]] = [
        # What a player has earned comes before what may have ended it since.
        (endings.complete_grant, _ids(active.filter(progress__counted_units__gte=F("required_units")))),
        (endings.cancel_for_reversal, _ids(unfinished.filter(progress__reversal_id__isnull=False))),
        (
            endings.forfeit_for_withdrawal,
            _ids(active.filter(forfeits_on_withdrawal=True, progress__withdrawal_id__isnull=False)),
        ),
        (endings.expire_grant, _ids(unfinished.filter(_over(now)))),
        (endings.forfeit_if_used_up, _ids(_emptied(active, now))),
    ]
    ended = sum(_done(do, now, grant_id=pk) for do, ids in due for pk in ids)
    waiting = LateCredit.objects.filter(settled_at=None).order_by("pk").values_list("pk", flat=True)[:_MOST]
    late = sum(_done(endings.settle_late_credit, now, late_id=pk) for pk in list(waiting))
    return offered + ended + late


def _waiting_deposits() -> list[UUID]:
    waiting = DepositSeen.objects.filter(done_at=None).order_by("at", "pk")
    return list(waiting.values_list("pk", flat=True)[:_MOST])


def _tried(pk: UUID, now: datetime) -> int:
    try:
        return len(offer_for_deposit(transaction_id=pk, now=now))
    except Exception:
        # One deposit that can not be read must not keep all others waiting.
        log.exception("bonus_deposit_failed", transaction=str(pk))
        note_failed_try(transaction_id=pk, now=now)
        return 0


def _done(do: Callable[..., bool], now: datetime, **what: int) -> bool:
    try:
        return do(**what, now=now)
    except Exception:
        log.exception("bonus_step_failed", step=do.__name__, **what)
        return False


def _over(now: datetime) -> Q:
    return Q(state=Grant.State.OFFERED, claim_by__lte=now) | Q(state=Grant.State.ACTIVE, wager_by__lte=now)


def _emptied(active: QuerySet[Grant], now: datetime) -> QuerySet[Grant]:
    """As far as was followed: the bonus and all that came to it has left the bucket, a while ago."""
    return active.filter(
        progress__bonus_out_units__gte=F("progress__bonus_in_units") + F("amount_units"),
        progress__last_at__lt=now - _IDLE,
    )


def _ids(grants: QuerySet[Grant]) -> list[int]:
    return list(grants.order_by("pk").values_list("pk", flat=True)[:_MOST])
