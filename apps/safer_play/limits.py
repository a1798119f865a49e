"""Setting, lowering, raising and removing limits: what counts at once, and what has to wait for its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.guarding import hold_bets_off, lock_player_with_law, refresh_guard
from apps.safer_play.limit_terms import Terms, completed, require_possible
from apps.safer_play.models import Limit, LimitEvent
from apps.safer_play.staff import require_staff
from apps.safer_play.windows import period_of

Kind, Period, State = Limit.Kind, Limit.Period, Limit.State
# A confirmation that does not come in so long will not come: the old limit stays.
CONFIRM_WITHIN = timedelta(days=7)


class NoSuchLimit(DomainError):
    """There is no such limit, or no change of it that could be confirmed or taken back."""

    code: ClassVar[str] = "no-such-limit"
    title: ClassVar[str] = "No such limit"
    status: ClassVar[int] = 404


class LimitNotLowered(DomainError):
    """Staff lower limits at once; raising one for a player needs a second person and the player's delay."""

    code: ClassVar[str] = "limit-not-lowered"
    title: ClassVar[str] = "That would raise the limit"
    status: ClassVar[int] = 409


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What became of a request: the limit in force now, and the change that waits, if any."""

    effective: Limit | None
    pending: Limit | None


@transaction.atomic
def set_limit(
    *,
    player_id: int,
    terms: Terms,
    now: datetime,
    set_by: str = Limit.SetBy.PLAYER,
    actor: str = "player",
    reason: str = "",
) -> LimitChange:
    """
    Set, lower, raise or remove one of a player's limits.

    A first or lower limit counts at once (but where the law delays it) and voids a change that waits. A higher one, or
    none, waits for the jurisdiction's delay, and for the end of the running period where the law says so.

    :raises LimitNotPossible: if kind, period and unit do not go together
    :raises LimitAboveCap: if the law allows less
    :raises NoSuchLimit: if a limit is to be removed that is not there
    """
    player = lock_player_with_law(player_id)
    hold_bets_off(player.pk)
    apply_due_changes(player=player, now=now)
    terms = completed(player, terms, now)
    require_possible(player, terms, now)
    at = _place(player, terms, set_by)
    active = Limit.objects.filter(**at, state=State.ACTIVE).first()
    waiting = Limit.objects.filter(**at, state__in=Limit.OPEN_CHANGES).first()
    if active is None and terms.is_removal:
        raise NoSuchLimit
    if waiting is not None:
        _move(waiting, "void", actor=actor, note="Another change was asked for", now=now, at=now)
    limit = _new(player, terms, active, set_by=set_by, actor=actor, reason=reason, now=now)
    if active is not None and (not terms.is_removal) and active.size == terms.size:
        refresh_guard(player, now=now)
        return LimitChange(active, None)
    _decide_time(limit, player, active, now)
    limit.save(force_insert=True)
    _record(limit, "", actor=actor, note=reason, now=now)
    _hold_or_start(limit, player, active, actor=actor, now=now)
    refresh_guard(player, now=now)
    _tell(player, limit, active, now)
    return LimitChange(
        Limit.objects.filter(**at, state=State.ACTIVE).first(),
        Limit.objects.filter(**at, state__in=Limit.OPEN_CHANGES).first(),
    )


@transaction.atomic
def withdraw_change(*, player_id: int, public_id: str, now: datetime) -> Limit:
    """
    Take back a change that waits; the limit stays as it is.

    :raises NoSuchLimit: if no change of that id waits
    """
    player = lock_player_with_law(player_id)
    change = _open_change(player.pk, public_id)
    _move(change, "withdraw", actor="player", note="", now=now, at=now)
    refresh_guard(player, now=now)
    return change


@transaction.atomic
def confirm_change(*, player_id: int, public_id: str, now: datetime) -> Limit:
    """
    Confirm an increase after its delay, where the law asks for that; silence leaves the old limit.

    :raises NoSuchLimit: if no change of that id waits for it
    """
    player = lock_player_with_law(player_id)
    hold_bets_off(player.pk)
    apply_due_changes(player=player, now=now)
    change = _open_change(player.pk, public_id)
    if change.state != State.AWAITING_CONFIRMATION:
        raise NoSuchLimit("This change does not wait for a confirmation.")
    _take_effect(change, actor="player", now=now)
    refresh_guard(player, now=now)
    return change


@transaction.atomic
def lower_for_player(*, player_id: int, terms: Terms, actor: User, reason: str, now: datetime) -> LimitChange:
    """
    Set or lower a limit for a player at once; the operator's own limit, beside the player's.

    :raises PermissionDenied: without the permission, or at another brand
    :raises LimitNotLowered: if the operator's limit would rise or be removed
    """
    require_staff(actor, "lower_limit", lock_player_with_law(player_id))
    return lower_limit(player_id=player_id, terms=terms, actor=actor.get_username(), reason=reason, now=now)


@transaction.atomic
def lower_limit(*, player_id: int, terms: Terms, actor: str, reason: str, now: datetime) -> LimitChange:
    """
    Likewise for who has been asked about his rights already: a decision on a case, a rule.

    :raises LimitNotLowered: if the operator's limit would rise or be removed
    """
    player = lock_player_with_law(player_id)
    place = _place(player, completed(player, terms, now), Limit.SetBy.OPERATOR)
    before = Limit.objects.filter(**place, state=State.ACTIVE).first()
    if terms.is_removal or (before is not None and before.size < terms.size):
        raise LimitNotLowered
    return set_limit(player_id=player_id, terms=terms, set_by=Limit.SetBy.OPERATOR, actor=actor, reason=reason, now=now)


@transaction.atomic
def record_contact(*, limit_id: int, accepted: bool, actor: User, note: str, now: datetime) -> Limit:
    """
    Say that staff have spoken with a player about the high limit he asked for, and whether it is accepted.

    :raises PermissionDenied: without the permission, or at another brand
    :raises NoSuchLimit: if the limit does not wait for a contact
    """
    found = Limit.objects.filter(pk=limit_id).values_list("player_id", flat=True).first()
    if found is None:
        raise NoSuchLimit
    player = lock_player_with_law(found)
    require_staff(actor, "contact_about_limit", player)
    hold_bets_off(player.pk)
    limit = Limit.objects.select_for_update().get(pk=limit_id)
    if limit.state != State.AWAITING_CONTACT:
        raise NoSuchLimit("This limit does not wait for a contact.")
    who = actor.get_username()
    if not accepted:
        _move(limit, "decline", actor=who, note=note, now=now, at=now)
    else:
        _move(limit, "accept", actor=who, note=note, now=now)
        apply_due_changes(player=player, now=now)
    refresh_guard(player, now=now)
    return Limit.objects.get(pk=limit_id)


def apply_due_changes(*, player: Player, now: datetime) -> int:
    """
    Carry out the changes of a player's limits whose time has come; returns how many. The caller holds his row.

    Where the law asks the player to confirm, his time to do so begins instead.
    """
    due = list(
        Limit.objects.select_for_update()
        .filter(player_id=player.pk, state__in=(State.PENDING, State.AWAITING_CONFIRMATION), effective_at__lte=now)
        .order_by("pk")
    )
    for change in due:
        if change.state == State.PENDING and change.needs_confirmation:
            _move(change, "ask", actor="system", note="", now=now)
        elif change.state == State.PENDING:
            _take_effect(change, actor="system", now=now)
        elif change.effective_at + CONFIRM_WITHIN <= now:
            _move(change, "void", actor="system", note="Not confirmed in time", now=now, at=now)
    return len(due)


@transaction.atomic
def apply_due_changes_of(*, player_id: int, now: datetime) -> int:
    """Carry out due changes of one player's limits, under his lock; what the task calls."""
    player = lock_player_with_law(player_id)
    hold_bets_off(player.pk)
    count = apply_due_changes(player=player, now=now)
    refresh_guard(player, now=now)
    return count


def _place(player: Player, terms: Terms, set_by: str) -> dict[str, Any]:
    return {
        "player_id": player.pk,
        "kind": terms.kind,
        "period": terms.period,
        "currency": terms.currency,
        "set_by": set_by,
    }


def _new(
    player: Player, terms: Terms, active: Limit | None, *, set_by: str, actor: str, reason: str, now: datetime
) -> Limit:
    return Limit(
        player=player,
        kind=terms.kind,
        period=terms.period,
        currency=terms.currency,
        amount_units=terms.money.units if terms.money is not None else None,
        seconds=None if terms.minutes is None else 60 * terms.minutes,
        is_removal=terms.is_removal,
        basis=active.basis if active else terms.basis,
        window=active.window if active else terms.window,
        timezone=player.jurisdiction.timezone,
        # To the minute, because the tally is; kept, so that setting a limit anew does not begin its period anew.
        anchor_at=active.anchor_at if active else now.replace(second=0, microsecond=0),
        set_by=set_by,
        requested_at=now,
        effective_at=now,
        actor=actor,
        reason=reason,
        request_id=current_request_id(),
    )


def _decide_time(limit: Limit, player: Player, active: Limit | None, now: datetime) -> None:
    """L3 and L4: a decrease, or a first limit, counts at once; an increase or removal after the delay."""
    if active is not None and (limit.is_removal or limit.size > active.size):
        rule = rules.increase_rule(player, now)
        limit.effective_at = now + rule.delay
        limit.needs_confirmation = rule.needs_confirmation and limit.set_by == Limit.SetBy.PLAYER
        limit.policy_version_id = rule.version_id
        if rule.waits_for_period and limit.period:
            ends = period_of(active, now=now)[1]
            limit.effective_at = max(limit.effective_at, ends or limit.effective_at)
    elif active is not None and limit.set_by == Limit.SetBy.PLAYER:
        limit.effective_at = now + rules.decrease_delay(player, now)


def _hold_or_start(limit: Limit, player: Player, active: Limit | None, *, actor: str, now: datetime) -> None:
    """L6: a high deposit limit waits until staff have spoken with the player. Else, if its time is now, it counts."""
    rises = active is None or limit.is_removal or limit.size > active.size
    if (
        rises
        and limit.kind == Kind.DEPOSIT
        and limit.set_by == Limit.SetBy.PLAYER
        and _needs_contact(limit, player, now)
    ):
        _move(limit, "hold", actor="system", note="Above the amount at which staff must speak with the player", now=now)
    elif limit.effective_at <= now:
        _take_effect(limit, actor=actor, now=now)


def _needs_contact(limit: Limit, player: Player, now: datetime) -> bool:
    """Above the threshold a month; a removal is above any. A shorter period above it is, too."""
    found = rules.contact_threshold(player, now)
    if found is None or found[0].currency != limit.currency:
        return False
    return limit.is_removal or (limit.amount_units or 0) > found[0].units


def _take_effect(change: Limit, *, actor: str, now: datetime) -> None:
    place = {name: getattr(change, name) for name in ("player_id", "kind", "period", "currency", "set_by")}
    old = Limit.objects.select_for_update().filter(**place, state=State.ACTIVE).first()
    if old is not None:
        _move(old, "end", actor=actor, note="", now=now, at=now)
    if change.is_removal:
        _move(change, "apply_removal", actor=actor, note="", now=now, at=now)
    else:
        _move(change, "start", actor=actor, note="", now=now)


def _open_change(player_id: int, public_id: str) -> Limit:
    change = (
        Limit.objects.select_for_update()
        .filter(player_id=player_id, public_id=public_id, set_by=Limit.SetBy.PLAYER, state__in=Limit.OPEN_CHANGES)
        .first()
    )
    if change is None:
        raise NoSuchLimit
    return change


def _move(limit: Limit, step: str, *, actor: str, note: str, now: datetime, **terms: Any) -> None:
    """Take a limit through one transition, saved and recorded."""
    before = limit.state
    getattr(limit, step)(**terms)
    limit.save(update_fields=["state", "ended_at"])
    _record(limit, before, actor=actor, note=note, now=now)


def _record(limit: Limit, before: str, *, actor: str, note: str, now: datetime) -> None:
    LimitEvent.objects.create(
        limit=limit,
        from_state=before,
        to_state=limit.state,
        actor=actor,
        note=note,
        request_id=current_request_id(),
        occurred_at=now,
    )


def _tell(player: Player, limit: Limit, before: Limit | None, now: datetime) -> None:
    word = "set" if before is None else "raised" if limit.is_removal or limit.size > before.size else "lowered"
    data = {
        "kind": limit.kind,
        "period": limit.period,
        "currency": limit.currency,
        "units": limit.amount_units,
        "seconds": limit.seconds,
        "is_removal": limit.is_removal,
        "before": None if before is None else before.size,
        "set_by": limit.set_by,
        "state": limit.state,
        "effective_at": limit.effective_at.isoformat(),
    }
    record_fact(
        kind=f"safer_play.limit.{word}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(limit.public_id),
        data=data,
        now=now,
    )
