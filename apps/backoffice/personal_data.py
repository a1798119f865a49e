"""Personal data is masked until somebody says why they need it: by field, for ten minutes, each look on record."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from apps.backoffice.models import PersonalDataRead, UnmaskAllowance
from apps.compliance.approval_commands import register_command
from apps.compliance.approvals import request_approval
from apps.compliance.models import ApprovalRequest, Case
from apps.core.admin_actions import staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, masked_email, masked_text
from apps.core.client_address import client_address
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.players.models import Player

LASTS = timedelta(minutes=10)
HOUR = timedelta(hours=1)
PERMISSION = "players.unmask_player"
APPROVE_PERMISSION = "backoffice.approve_unmasking"
COMMAND = "backoffice.look_more"
MOST_MORE = 50
"""Looks that one approval may give."""
FIELDS: Mapping[str, str] = {
    "first_name": "First name", "last_name": "Last name", "email": "E-mail", "phone": "Phone",
    "birth_date": "Birth date", "street": "Street", "city": "City", "postcode": "Postcode",
}  # fmt: skip
_GRANTS = "unmasked_fields"


class UnmaskLimitReached(DomainError):
    """So many looks within an hour take a second person."""

    code = "unmask-limit-reached"
    title = "You have looked often enough within this hour"
    status = 429


class UnmaskNotSound(DomainError):
    """No field, or one there is not, or a number of looks that nobody is given."""

    code = "unmask-not-sound"
    title = "That cannot be shown"
    status = 422


def register() -> None:
    """Register the command by which a colleague allows more looks; called once the models are loaded."""
    register_command(
        COMMAND,
        title="Look at more personal data",
        maker_permission=PERMISSION,
        checker_permission=APPROVE_PERMISSION,
        execute=_allow,
        describe=lambda payload: (
            f"{_name(payload['user'])} may look {payload['looks']} more times within the next hour."
        ),
        revalidate=_recheck,
    )


def unmask(
    request: HttpRequest,
    player: Player,
    *,
    fields: Sequence[str],
    purpose: str,
    now: datetime,
    case_id: int | None = None,
) -> None:
    """
    Let this session see these fields of a player for ten minutes, after recording who looks at what, and why.

    :param case_id: the case on whose page that was asked; else the player's open case that the person holds, if any
    :raises PermissionDenied: if the person may not, or does not serve the player's brand
    :raises UnmaskNotSound: without a field that exists
    :raises UnmaskLimitReached: after so many looks within the hour, unless a colleague has allowed more
    """
    user = staff_of(request)
    scope = brand_scope(user)
    if not user.has_perm(PERMISSION) or (scope is not None and player.brand_id not in scope.ids):
        raise PermissionDenied
    if not fields or not set(fields) <= set(FIELDS):
        raise UnmaskNotSound("Choose what you need to see.")
    _record(request, user, player, fields=sorted(set(fields)), purpose=purpose, now=now, case_id=case_id)
    grants = _alive(request, now)
    until = (now + LASTS).isoformat()
    grants[str(player.pk)] = grants.get(str(player.pk), {}) | dict.fromkeys(fields, until)
    request.session[_GRANTS] = grants


@transaction.atomic
def _record(
    request: HttpRequest,
    user: User,
    player: Player,
    *,
    fields: list[str],
    purpose: str,
    now: datetime,
    case_id: int | None,
) -> None:
    """Count and record under the person's lock, so that two windows at once do not look past the limit."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if looks_of(user.pk, now=now) >= settings.STAFF_LOOKS_PER_HOUR:
        _use_allowance(user, now)
    if case_id is None:
        held = Case.objects.filter(player=player, holder=user).exclude(state=Case.State.RESOLVED)
        case_id = held.order_by("pk").values_list("pk", flat=True).first()
    PersonalDataRead.objects.create(
        user=user,
        player=player,
        fields=fields,
        case_id=case_id,
        purpose=purpose,
        remote_address=client_address(request),
        request_id=current_request_id(),
        read_at=now,
    )


def looks_of(user_id: int, *, now: datetime) -> int:
    """How often somebody looked within the hour before `now`."""
    return PersonalDataRead.objects.filter(user_id=user_id, read_at__gt=now - HOUR).count()


def _use_allowance(user: User, now: datetime) -> None:
    allowance = (
        UnmaskAllowance.objects.select_for_update()
        .filter(user=user, until__gt=now, looks_left__gt=0)
        .order_by("until", "pk")
        .first()
    )
    if allowance is None:
        raise UnmaskLimitReached(
            f"{settings.STAFF_LOOKS_PER_HOUR} looks within an hour are enough. “Ask for more looks” asks a colleague."
        )
    allowance.looks_left -= 1
    allowance.save(update_fields=["looks_left"])


def ask_for_looks(*, looks: int, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague for more looks within the coming hour.

    :raises PermissionDenied: if the maker may not look at all
    :raises UnmaskNotSound: if the number makes no sense
    """
    payload = {"user": maker.pk, "looks": looks}
    return request_approval(command=COMMAND, payload=payload, maker=maker, reason=reason, now=now)


def _allow(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    made = UnmaskAllowance.objects.create(
        user=maker, looks_left=payload["looks"], granted_by=checker, granted_at=now, until=now + HOUR
    )
    return {"until": made.until.isoformat()}


def _recheck(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the mechanism passes it
    if not 1 <= payload.get("looks", 0) <= MOST_MORE:
        raise UnmaskNotSound(f"A colleague can allow 1 to {MOST_MORE} more looks.")


def _name(user_id: int) -> str:
    return User.objects.get(pk=user_id).get_username()


def unmasked_fields(request: HttpRequest, player: Player, *, now: datetime) -> frozenset[str]:
    """Which fields of the player this session may see at this moment."""
    if not request.user.has_perm(PERMISSION):
        return frozenset()
    return frozenset(_alive(request, now).get(str(player.pk), {}))


def _alive(request: HttpRequest, now: datetime) -> dict[str, dict[str, str]]:
    """Grants of this session that have not run out."""
    kept: dict[str, dict[str, str]] = request.session.get(_GRANTS, {})
    alive = {
        pk: {field: until for field, until in fields.items() if datetime.fromisoformat(until) > now}
        for pk, fields in kept.items()
    }
    return {pk: fields for pk, fields in alive.items() if fields}


def personal_facts(player: Player, *, unmasked: frozenset[str]) -> list[tuple[str, str, bool]]:
    """A player's personal data as name, text, and whether it is shown in full."""
    return [
        (title, _shown(player, name, unmasked=name in unmasked), name in unmasked) for name, title in FIELDS.items()
    ]


def _shown(player: Player, name: str, *, unmasked: bool) -> str:
    value = getattr(player, name, "")
    if not value:
        return NOTHING
    if unmasked:
        return str(value)
    if name == "birth_date":
        return f"{value:%Y}-••-••"
    return masked_email(value) if name == "email" else masked_text(str(value))
