"""The guard: the one row in which the posting function finds all that bears on a player's bets. Written here only."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.ledger import ledger_floor
from apps.safer_play.models import FOREVER, Exclusion, Guard, Limit
from apps.safer_play.reality import reality_state

# Longer than the longest period (a month and a day of clock change), so that each has its tally whole.
TALLIED_FOR = timedelta(days=33)
_COUNTED = (Limit.Kind.LOSS, Limit.Kind.WAGER)
_DEPOSIT, _ACTIVE = Limit.Kind.DEPOSIT, Limit.State.ACTIVE
_IN_BETS = (*_COUNTED, Limit.Kind.SESSION, Limit.Kind.STAKE)
_FIELDS = (
    "excluded_until", "paused_until", "check_due_at", "needs_limit", "has_limits", "product_rules",
)  # fmt: skip


def lock_player_with_law(player_id: int) -> Player:
    """
    Lock a player's row, with brand and jurisdiction read, until the end of the transaction.

    :raises Player.DoesNotExist: if there is no such player
    """
    players = Player.objects.select_related("brand", "jurisdiction")
    return players.select_for_update(of=("self",), no_key=True).get(pk=player_id)


def hold_bets_off(player_id: int) -> None:
    """
    Wait for the player's bets in flight and keep new ones out until this transaction ends.

    Locks are taken in this order everywhere: the player's row, this, his wallets.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(players_gate_key(%s))", [player_id])


def refresh_guard(player: Player, *, now: datetime) -> Guard | None:
    """
    Write the guard anew from limits, exclusions, reality checks and policies; None where nothing guards the player.

    The caller has locked the player's row. Nothing is written, and no bet waits, where nothing has changed.
    """
    open_limits = Limit.objects.filter(player_id=player.pk, state__in=(_ACTIVE, *Limit.OPEN_CHANGES), is_removal=False)
    limits = set(open_limits.values_list("kind", "state"))
    due = _due(player, limits, now)
    guard = Guard.objects.filter(player_id=player.pk).first()
    counts = any(kind in _COUNTED for kind, _ in limits)
    is_new = guard is None
    if guard is None:
        if not any(due.values()) and not counts:
            return None
        guard = Guard(player_id=player.pk)
    elif all(getattr(guard, name) == value for name, value in due.items()) and bool(guard.counts_since) == counts:
        return guard
    hold_bets_off(player.pk)
    for name, value in due.items():
        setattr(guard, name, value)
    if counts and guard.counts_since is None:
        guard.counts_since = _rebuild_tally(player.pk, now)
    elif not counts:
        guard.counts_since = None
    if is_new:
        guard.save(force_insert=True)
    else:
        guard.save(update_fields=[*_FIELDS, "counts_since"])
    return guard


@transaction.atomic
def refresh_guard_of(*, player_id: int, now: datetime) -> Guard | None:
    """Write one player's guard anew, under his lock."""
    return refresh_guard(lock_player_with_law(player_id), now=now)


@transaction.atomic
def rebuild_tally(*, player_id: int, now: datetime) -> None:
    """Make a player's tally anew from the ledger, where a check of the books found it wrong."""
    lock_player_with_law(player_id)
    hold_bets_off(player_id)
    since = _rebuild_tally(player_id, now)
    Guard.objects.filter(player_id=player_id).update(counts_since=since)


def has_deposit_limit(player_id: int) -> bool:
    """Whether a deposit limit is in force."""
    return Limit.objects.filter(player_id=player_id, kind=_DEPOSIT, state=_ACTIVE).exists()


def _due(player: Player, limits: set[tuple[str, str]], now: datetime) -> dict[str, object]:
    reality = reality_state(player, now=now)
    return {
        "excluded_until": _excluded_until(player.pk),
        "paused_until": reality.paused_until if reality else None,
        "check_due_at": reality.due_at if reality and reality.must_acknowledge else None,
        "needs_limit": rules.must_have_limit(player, now) and (_DEPOSIT, _ACTIVE) not in limits,
        "has_limits": any(kind in _IN_BETS for kind, _ in limits),
        "product_rules": rules.product_rules(player, now),
    }


def _excluded_until(player_id: int) -> datetime | None:
    active = Exclusion.objects.filter(player_id=player_id, state=Exclusion.State.ACTIVE)
    ends = [
        FOREVER if holds or ends_at is None else ends_at for ends_at, holds in active.values_list("ends_at", "holds")
    ]
    return max(ends, default=None)


def _rebuild_tally(player_id: int, now: datetime) -> datetime:
    since = (now - TALLIED_FOR).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM transactions_account WHERE player_id = %s AND kind = 'cash' ORDER BY id FOR NO KEY UPDATE",
            [player_id],
        )
        cursor.execute("SELECT safer_play_rebuild_tally(%s, %s, %s)", [player_id, since, ledger_floor(since)])
    return since
