"""A player's status: who may do what, why, and since when."""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.players.facts import tell
from apps.players.models import Player, StatusChange
from apps.players.operations.sessions import end_sessions
from apps.players.queries import may_be_logged_in

_ACTIVE, _RESTRICTED, _SUSPENDED, _CLOSED = Player.Status
# Which status may follow which. A closed account comes back through suspension only: two looks, not one.
NEXT_STATUSES: dict[str, frozenset[str]] = {
    _ACTIVE: frozenset({_RESTRICTED, _SUSPENDED, _CLOSED}),
    _RESTRICTED: frozenset({_ACTIVE, _RESTRICTED, _SUSPENDED, _CLOSED}),
    _SUSPENDED: frozenset({_ACTIVE, _RESTRICTED, _CLOSED}),
    _CLOSED: frozenset({_SUSPENDED}),
}


class UnableToChangeStatus(DomainError):
    """The new status may not follow the present one, or does not go with the restrictions named."""

    code: ClassVar[str] = "unable-to-change-status"
    title: ClassVar[str] = "The status cannot be changed like this"
    status: ClassVar[int] = 409


def lock_player(player_id: int) -> Player:
    """
    Lock a player's row until the end of the transaction.

    :raises Player.DoesNotExist: if there is no such player
    """
    return Player.objects.select_for_update(no_key=True).get(pk=player_id)


@transaction.atomic
def change_status(
    *,
    player_id: int,
    to: str,
    restrictions: Collection[str] = (),
    reason_code: str,
    note: str = "",
    actor: User | str,
    now: datetime,
) -> StatusChange | None:
    """
    Give a player another status, with the reason, and end the sessions it does not allow.

    Bets obey at once: the posting function reads status and restrictions itself. Nothing is recorded
    (and None returned) when all is as asked for already.

    :param to: a Player.Status
    :param restrictions: Player.Restriction values; for `restricted` one at least, else none
    :param reason_code: a slug
    :param actor: the member of staff, or the name of the part of the system that acts
    :raises PermissionDenied: if the member of staff may not do that, or not at this brand
    :raises UnableToChangeStatus: if the status may not follow, or does not go with the restrictions
    """
    player = lock_player(player_id)
    _require_permission(actor, player)
    named = sorted(set(restrictions))
    _require_named(to, named)
    if (player.status, sorted(player.restrictions)) == (to, named):
        return None
    if to not in NEXT_STATUSES[player.status]:
        raise UnableToChangeStatus(f"A player who is {player.status} cannot become {to}.")
    change = StatusChange.objects.create(
        player=player,
        from_status=player.status,
        to_status=to,
        restrictions=named,
        reason_code=reason_code,
        note=note,
        actor=actor if isinstance(actor, str) else actor.get_username(),
        request_id=current_request_id(),
        changed_at=now,
    )
    player.status = to
    player.restrictions = named
    player.save(update_fields=["status", "restrictions"])
    if not may_be_logged_in(player):
        end_sessions(player_id=player.pk, reason=to, now=now)
    tell(
        player, "status_changed", now=now, before=change.from_status, after=to, restrictions=named,
        reason_code=reason_code, by_staff=not isinstance(actor, str),
    )  # fmt: skip
    return change


def _require_permission(actor: User | str, player: Player) -> None:
    if isinstance(actor, str):
        return
    may = actor.has_perm("players.change_status")
    sees_brand = actor.is_superuser or StaffScope.objects.filter(user=actor, brand=player.brand_id).exists()
    if not (may and sees_brand):
        raise PermissionDenied


def _require_named(to: str, restrictions: list[str]) -> None:
    unknown = [name for name in restrictions if name not in Player.Restriction.values]
    if to not in Player.Status.values or unknown:
        raise UnableToChangeStatus(f"Unknown: {', '.join(unknown) or to}.")
    if (to == Player.Status.RESTRICTED) != bool(restrictions):
        raise UnableToChangeStatus("A restricted player has restrictions with names; others have none.")
