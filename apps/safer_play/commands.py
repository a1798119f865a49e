"""What safer play lets two people do together: raise a limit, end an exclusion early, let somebody back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.approval_commands import register_command
from apps.core.money import Money
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import NoSuchLimit, set_limit
from apps.safer_play.models import Exclusion, ExclusionReturn, Limit
from apps.safer_play.returning import (
    ReturnNotPossible,
    UnableToEndExclusion,
    accept_return,
    end_exclusion_early,
    require_endable,
)

RAISE_LIMIT = "safer_play.raise_limit"
END_EXCLUSION = "safer_play.end_exclusion"
ACCEPT_RETURN = "safer_play.accept_return"


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        RAISE_LIMIT,
        title="Raise or remove a limit for a player",
        maker_permission="safer_play.raise_limit",
        checker_permission="safer_play.approve_limit",
        execute=_raise_limit,
        describe=_raise_words,
        revalidate=_recheck_raise,
    )
    register_command(
        END_EXCLUSION,
        title="End an exclusion early",
        maker_permission="safer_play.propose_exclusion_end",
        checker_permission="safer_play.approve_exclusion_end",
        execute=_end_exclusion,
        describe=_end_words,
        revalidate=_recheck_end,
    )
    register_command(
        ACCEPT_RETURN,
        title="Let an excluded player come back",
        maker_permission="safer_play.decide_return",
        checker_permission="safer_play.approve_exclusion_end",
        execute=_accept_return,
        describe=_return_words,
        revalidate=_recheck_return,
    )


def raise_payload(limit: Limit, *, money: Money | None, minutes: int | None) -> dict[str, Any]:
    """What `RAISE_LIMIT` needs: the limit in force, and what it is to become (neither: none)."""
    return {"limit": limit.pk, "units": money.units if money else None, "minutes": minutes}


def _raise_limit(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """The same delay as if the player had asked: two people do not shorten it."""
    limit = _limit(payload)
    units = payload["units"]
    change = set_limit(
        player_id=limit.player_id,
        terms=Terms(
            kind=limit.kind,
            period=limit.period,
            currency=limit.currency,
            money=None if units is None else Money(units, limit.currency),
            minutes=payload["minutes"],
        ),
        set_by=limit.set_by,
        actor=maker.get_username(),
        reason=f"Agreed by {checker.get_username()}",
        now=now,
    )
    pending = change.pending
    return {"pending_from": pending.effective_at.isoformat() if pending else None}


def _raise_words(payload: Mapping[str, Any]) -> str:
    limit = _limit(payload)
    units, minutes = payload["units"], payload["minutes"]
    wanted = str(Money(units, limit.currency)) if units is not None else f"{minutes} minutes" if minutes else "no limit"
    whose = limit.get_set_by_display().lower()
    return f"The {limit.period or 'single'} {limit.kind} limit of {whose} goes from {limit.terms_text} to {wanted}."


def _recheck_raise(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    if _limit(payload).state != Limit.State.ACTIVE:
        raise NoSuchLimit("The limit is not in force any more.")


def _limit(payload: Mapping[str, Any]) -> Limit:
    limit = Limit.objects.filter(pk=payload["limit"]).first()
    if limit is None:
        raise NoSuchLimit
    return limit


def _end_exclusion(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    said = payload.get("reason", "")
    reason = f"{said} (asked by {maker.get_username()}, agreed by {checker.get_username()})"
    ended = end_exclusion_early(exclusion_id=payload["exclusion"], actor=checker, reason=reason, now=now)
    return {"exclusion": ended.pk}


def _end_words(payload: Mapping[str, Any]) -> str:
    exclusion = _exclusion(payload)
    until = f"{exclusion.ends_at:%Y-%m-%d}" if exclusion.ends_at else "further notice"
    return f"The {exclusion.get_kind_display().lower()} until {until} ends at once; the player may play again."


def _recheck_end(*, payload: Mapping[str, Any], now: datetime) -> None:
    require_endable(_exclusion(payload), now=now)


def _exclusion(payload: Mapping[str, Any]) -> Exclusion:
    exclusion = Exclusion.objects.filter(pk=payload["exclusion"]).first()
    if exclusion is None:
        raise UnableToEndExclusion("There is no such exclusion.")
    return exclusion


def _accept_return(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    note = f"Asked by {maker.get_username()}"
    request = accept_return(return_id=payload["return"], actor=checker, note=note, now=now)
    return {"back_at": request.back_at.isoformat() if request.back_at else None}


def _return_words(payload: Mapping[str, Any]) -> str:
    request = _return(payload)
    kind = request.exclusion.get_kind_display().lower()
    return f"The player may come back from his {kind} once the cooling-off is over. He says: {request.reason or '–'}"


def _recheck_return(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    if _return(payload).state != ExclusionReturn.State.REQUESTED:
        raise ReturnNotPossible("It does not wait for a decision any more.")


def _return(payload: Mapping[str, Any]) -> ExclusionReturn:
    request = ExclusionReturn.objects.select_related("exclusion").filter(pk=payload["return"]).first()
    if request is None:
        raise ReturnNotPossible("There is no such request.")
    return request
