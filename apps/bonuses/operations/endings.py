"""How grants end, and what becomes of bonus money that comes back afterwards. Progress is read, never written, here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Sum

from apps.bonuses.models import Grant, LateCredit
from apps.bonuses.operations.steps import BonusUnknown, lock_grant, record_step
from apps.bonuses.postings import Buckets, buckets_of, part_of, post_ended, post_late
from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.players.models import Player
from apps.providers.models import Round
from apps.transactions.models import AccountKind

CANCEL_PERMISSION = "bonuses.cancel_grant"
USED_UP = "used-up"
_State = Grant.State
_ENDED = (
    "state", "ended_at", "end_reason", "end_transaction_id", "converted_units", "taken_back_units",
    "closed_cash", "closed_bonus", "closed_restricted",
)  # fmt: skip


# A stake made in time that the follower has not read yet.
_UNREAD = """
SELECT EXISTS (
    SELECT FROM transactions_transaction t
     WHERE t.player_id = %s AND t.id > %s AND t.kind = 'bet' AND t.currency = %s AND t.created_at < %s
       AND t.xact >= coalesce((SELECT next_xact FROM transactions_cursor WHERE name = 'bonuses'), 0))
"""


class BonusEnded(DomainError):
    """The bonus has ended already."""

    code = "bonus-ended"
    title = "The bonus has ended"
    status = 409


@transaction.atomic
def complete_grant(*, grant_id: int, now: datetime) -> bool:
    """
    Turn what is left of a bonus into cash, up to its limit, if enough was wagered; False if it is not so (any more).

    Stakes that are taken back later do not undo it.
    """
    grant = lock_grant(grant_id)
    if not _is_earned(grant):
        return False
    buckets = buckets_of(grant)
    part = part_of(grant, buckets)
    most = part if grant.conversion_limit_units is None else min(part, grant.conversion_limit_units)
    grant.complete(at=now)
    _close(grant, buckets, converted=most, taken_back=part - most, now=now)
    record_step(grant, "completed", transaction_id=grant.end_transaction_id, now=now)
    return True


@transaction.atomic
def forfeit_for_withdrawal(*, grant_id: int, now: datetime) -> bool:
    """End a bonus whose terms say so because its player asked for a withdrawal; False if that is not so (any more)."""
    grant = lock_grant(grant_id)
    withdrawal = grant.progress.withdrawal_id
    if grant.state != _State.ACTIVE or withdrawal is None or not grant.forfeits_on_withdrawal or _is_earned(grant):
        return False
    _forfeit(grant, "withdrawal", now, withdrawal=str(withdrawal))
    return True


@transaction.atomic
def forfeit_if_used_up(*, grant_id: int, now: datetime) -> bool:
    """End a bonus of which nothing is left and nothing is in play."""
    grant = lock_grant(grant_id)
    if grant.state != _State.ACTIVE or _is_earned(grant) or part_of(grant, buckets_of(grant)) > 0:
        return False
    playing = Round.objects.filter(
        player_id=grant.player_id, currency=grant.currency, state=Round.State.OPEN, staked_bonus__gt=0
    )
    if playing.exists():
        return False
    _forfeit(grant, USED_UP, now)
    return True


@transaction.atomic
def forfeit_by_player(*, player: Player, public_id: UUID, now: datetime) -> Grant:
    """
    End a bonus because its player does not want it (any more); his own money is not touched.

    :raises BonusUnknown: if it is not his
    :raises BonusEnded: if it is over
    """
    found = Grant.objects.filter(player=player, public_id=public_id).values_list("pk", flat=True).first()
    if found is None:
        raise BonusUnknown
    grant = lock_grant(found)
    if grant.state == _State.OFFERED:
        _cancel(grant, "declined", now)
    elif grant.state == _State.ACTIVE:
        _forfeit(grant, "player", now)
    else:
        raise BonusEnded
    return grant


@transaction.atomic
def expire_grant(*, grant_id: int, now: datetime) -> bool:
    """End a bonus that was not taken, or not wagered, in time; False if its time is not over, or it has ended."""
    grant = lock_grant(grant_id)
    if grant.state == _State.OFFERED and now >= grant.claim_by:
        grant.expire(at=now)
        _save(grant)
    elif grant.state == _State.ACTIVE and _is_over(grant, now) and not _is_earned(grant):
        buckets = buckets_of(grant)
        grant.expire(at=now)
        _close(grant, buckets, converted=0, taken_back=part_of(grant, buckets), now=now)
    else:
        return False
    record_step(grant, "expired", transaction_id=grant.end_transaction_id, now=now)
    return True


@transaction.atomic
def cancel_for_reversal(*, grant_id: int, now: datetime) -> bool:
    """
    End a bonus whose deposit went back, taking back what is there of it; False if that is not so, or it has ended.

    What has become cash by then is the player's: only a manual adjustment by two people takes that.
    """
    grant = lock_grant(grant_id)
    reversal = grant.progress.reversal_id
    if reversal is None or grant.state not in (_State.OFFERED, _State.ACTIVE) or _is_earned(grant):
        return False
    _cancel(grant, "deposit-reversed", now, reversal=str(reversal))
    return True


@transaction.atomic
def cancel_by_staff(*, grant_id: int, actor: User, reason: str, now: datetime) -> Grant:
    """
    End a player's bonus.

    :raises PermissionDenied: if the actor may not
    :raises BonusUnknown: if there is none, or the actor does not serve its brand
    :raises BonusEnded: if it is over
    """
    if not actor.has_perm(CANCEL_PERMISSION):
        raise PermissionDenied
    grant = lock_grant(grant_id)
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=grant.brand_id).exists()):
        raise BonusUnknown
    if grant.state not in (_State.OFFERED, _State.ACTIVE):
        raise BonusEnded
    _cancel(grant, "staff", now, actor=actor, note=reason)
    return grant


def end_for_exclusion(*, player: Player, now: datetime) -> None:
    """End every bonus of a player who is being excluded; called in the transaction of the exclusion."""
    open_grants = Grant.objects.filter(player_id=player.pk, state__in=(_State.OFFERED, _State.ACTIVE))
    for pk in open_grants.order_by("currency", "pk").values_list("pk", flat=True):
        grant = lock_grant(pk)
        if grant.state in (_State.OFFERED, _State.ACTIVE):
            _cancel(grant, "exclusion", now)


@transaction.atomic
def settle_late_credit(*, late_id: int, now: datetime) -> bool:
    """
    Pass on bonus money that came back for a stake of a grant that had ended; False if somebody has done so.

    After completion it becomes cash, within the limit that is left; so it does where the bonus ended because nothing
    was left of it. Otherwise it goes the way of the bonus, to the brand. What was staked again meanwhile is not there.
    """
    grant = lock_grant(LateCredit.objects.values_list("grant_id", flat=True).get(pk=late_id))
    late = LateCredit.objects.select_for_update(no_key=True).get(pk=late_id)
    if late.settled_at is not None:
        return False
    buckets = buckets_of(grant)
    there = min(late.units, buckets.bonus)
    converted = min(there, _convertible(grant))
    late.settled_transaction_id = post_late(grant, buckets, converted=converted, taken_back=there - converted, now=now)
    late.settled_at, late.settled_units = now, converted
    late.save(update_fields=["settled_at", "settled_transaction_id", "settled_units"])
    return True


def _is_earned(grant: Grant) -> bool:
    """Whether enough was wagered: it will be completed, even if that fails at first, and no rule ends it otherwise."""
    return grant.state == _State.ACTIVE and grant.progress.counted_units >= grant.required_units


def _is_over(grant: Grant, now: datetime) -> bool:
    """Whether its time is over and every stake made in time was counted: one may be what completes the bonus."""
    if grant.wager_by is None or now < grant.wager_by:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, [grant.player_id, grant.claim_transaction_id, grant.currency, grant.wager_by])
        return not cursor.fetchone()[0]


def _convertible(grant: Grant) -> int:
    """How much of late money may still become cash, ledger units."""
    if grant.state != _State.COMPLETED and grant.end_reason != USED_UP:
        return 0
    if grant.conversion_limit_units is None:
        return 1 << 62
    before = grant.late_credits.aggregate(total=Sum("settled_units"))["total"] or 0
    return max(0, grant.conversion_limit_units - grant.converted_units - int(before))


def _forfeit(grant: Grant, reason: str, now: datetime, **details: Any) -> None:
    buckets = buckets_of(grant)
    grant.forfeit(reason=reason, at=now)
    _close(grant, buckets, converted=0, taken_back=part_of(grant, buckets), now=now)
    record_step(grant, "forfeited", transaction_id=grant.end_transaction_id, now=now, reason=reason, **details)


def _cancel(grant: Grant, reason: str, now: datetime, *, actor: User | None = None, **details: str) -> None:
    was_active = grant.state == _State.ACTIVE
    grant.cancel(reason=reason, at=now)
    if was_active:
        buckets = buckets_of(grant)
        _close(grant, buckets, converted=0, taken_back=part_of(grant, buckets), now=now)
    else:
        _save(grant)
    record_step(
        grant, "cancelled", transaction_id=grant.end_transaction_id, actor=actor, now=now, reason=reason, **details
    )


def _close(grant: Grant, buckets: Buckets, *, converted: int, taken_back: int, now: datetime) -> None:
    """Fix where the grant ends among the player's postings, and move what is left of it."""
    grant.closed_cash = buckets.versions[AccountKind.CASH]
    grant.closed_bonus = buckets.versions[AccountKind.BONUS]
    grant.closed_restricted = buckets.versions[AccountKind.RESTRICTED]
    grant.converted_units, grant.taken_back_units = converted, taken_back
    grant.end_transaction_id = post_ended(grant, buckets, converted=converted, taken_back=taken_back, now=now)
    _save(grant)


def _save(grant: Grant) -> None:
    grant.save(update_fields=list(_ENDED))
