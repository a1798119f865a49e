"""What a player, or staff, see of limits and of the present sitting, in one place."""

from dataclasses import dataclass
from datetime import datetime

from apps.players.models import Player, PlayerSession
from apps.safer_play.models import Limit
from apps.safer_play.policies import own_value
from apps.safer_play.reality import Position, RealityState, positions_since, reality_state, sitting_began
from apps.safer_play.windows import limits_in_force, usage_of


@dataclass(frozen=True, slots=True)
class LimitView:
    """One limit: what is in force, what waits, and how far it is used up. Sizes are units or seconds."""

    active: Limit | None
    change: Limit | None
    used: int | None
    headroom: int | None
    period_ends_at: datetime | None

    @property
    def _any(self) -> Limit:
        limit = self.active or self.change
        assert limit is not None  # noqa: S101 - there is no view of nothing
        return limit

    @property
    def id(self) -> str:
        """Of what is in force, or else of what waits."""
        return str(self._any.public_id)

    @property
    def kind(self) -> str:
        """What is limited."""
        return self._any.kind

    @property
    def period(self) -> str | None:
        """For how long; None for each time."""
        return self._any.period or None

    @property
    def currency(self) -> str:
        """Empty for time."""
        return self._any.currency

    @property
    def set_by(self) -> str:
        """Whose limit it is."""
        return self._any.set_by

    @property
    def window(self) -> str:
        """Where its periods begin."""
        return self._any.window

    @property
    def basis(self) -> str:
        """What gives headroom back."""
        return self._any.basis

    @property
    def effective_from(self) -> datetime | None:
        """Since when it has been in force."""
        return self.active.effective_at if self.active else None

    @property
    def pending_from(self) -> datetime | None:
        """When the change takes effect, where that is only a matter of time."""
        if self.change is None or self.change.state == Limit.State.AWAITING_CONTACT:
            return None
        return self.change.effective_at

    @property
    def pending_id(self) -> str | None:
        """By which the change is confirmed or taken back."""
        return str(self.change.public_id) if self.change else None

    @property
    def pending_state(self) -> str | None:
        """What the change waits for."""
        return self.change.state if self.change else None

    @property
    def is_removal_pending(self) -> bool:
        """Whether the change is that there will be none."""
        return bool(self.change and self.change.is_removal)


@dataclass(frozen=True, slots=True)
class SittingView:
    """The present sitting as its player is shown it."""

    started_at: datetime
    elapsed_seconds: int
    positions: list[Position]
    reality_check: "CheckView | None"
    inactivity_logout_minutes: float | None
    now: datetime


@dataclass(frozen=True, slots=True)
class CheckView:
    """The next or overdue reality check."""

    interval_minutes: int
    due_at: datetime
    is_due: bool
    must_acknowledge: bool
    paused_until: datetime | None


def limit_views(player_id: int, *, now: datetime) -> list[LimitView]:
    """Every limit of a player, with its change under way."""
    in_force = limits_in_force(player_id, now=now)
    ids = {limit.pk for limit in in_force}
    changes = [
        change
        for change in Limit.objects.filter(player_id=player_id, state__in=Limit.OPEN_CHANGES).order_by("pk")
        if change.pk not in ids and not (change.is_removal and _is_carried_out(change, now))
    ]
    by_place = {_place(change): change for change in changes}
    views = [_view(limit, by_place.pop(_place(limit), None), now) for limit in in_force]
    return [*views, *(_view(None, change, now) for change in by_place.values())]


def limit_view(
    player_id: int, *, kind: str, period: str, currency: str, set_by: str, now: datetime
) -> LimitView | None:
    """One limit of a player; None where there is none and none waits."""
    place = (kind, period, currency, set_by)
    return next((view for view in limit_views(player_id, now=now) if _place(view.active or view.change) == place), None)


def sitting_view(player: Player, session: PlayerSession, *, now: datetime) -> SittingView:
    """How long a player has been at it, and where he stands; `player` with his jurisdiction loaded."""
    began = sitting_began(player.pk, now=now) or session.created_at
    state = reality_state(player, now=now)
    return SittingView(
        started_at=began,
        elapsed_seconds=max(int((now - began).total_seconds()), 0),
        positions=positions_since(player.pk, began),
        reality_check=_check(state, now) if state else None,
        inactivity_logout_minutes=own_value(player, "inactivity_logout_minutes", now).value,
        now=now,
    )


def _check(state: RealityState, now: datetime) -> CheckView:
    return CheckView(
        interval_minutes=state.interval_minutes,
        due_at=state.due_at,
        is_due=state.due_at <= now,
        must_acknowledge=state.must_acknowledge,
        paused_until=state.paused_until,
    )


def _view(active: Limit | None, change: Limit | None, now: datetime) -> LimitView:
    if active is None:
        return LimitView(None, change, None, None, None)
    usage = usage_of(active, now=now)
    is_single = active.kind == Limit.Kind.STAKE
    return LimitView(
        active,
        change,
        None if is_single else usage.used,
        None if is_single else usage.headroom,
        usage.window_to,
    )


def _is_carried_out(change: Limit, now: datetime) -> bool:
    """A removal counts from its time on, whether or not a task has carried it out."""
    return change.state == Limit.State.PENDING and not change.needs_confirmation and change.effective_at <= now


def _place(limit: Limit | None) -> tuple[str, str, str, str] | None:
    return None if limit is None else (limit.kind, limit.period, limit.currency, limit.set_by)
