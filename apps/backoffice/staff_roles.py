"""Giving and taking roles: one member of staff asks, another agrees, and neither of them is who gets them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, User

from apps.backoffice.roles import ROLES, conflicting_roles
from apps.compliance.approval_commands import register_command
from apps.compliance.approvals import request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError

COMMAND = "backoffice.grant_roles"
ASK_PERMISSION = "auth.change_user"
AGREE_PERMISSION = "backoffice.approve_roles"


class UnableToGrant(DomainError):
    """The roles do not exist or exclude each other, or the account is one's own, a superuser's or closed."""

    code = "unable-to-grant-roles"
    title = "The roles cannot be given like that"
    status = 422


def register() -> None:
    """Register the command; called once the models are loaded."""
    register_command(
        COMMAND,
        title="Change somebody's roles",
        maker_permission=ASK_PERMISSION,
        checker_permission=AGREE_PERMISSION,
        execute=_grant,
        describe=_describe,
        revalidate=_recheck,
        fingerprint=_roles_now,
    )


def ask_for_roles(*, user_id: int, roles: Sequence[str], maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to give somebody exactly these roles.

    :raises PermissionDenied: if the maker may not change accounts
    :raises UnableToGrant: if the roles or the account make no sense, or the account is the maker's own
    """
    if user_id == maker.pk:
        raise UnableToGrant("Nobody raises their own rights.")
    payload = {"user": user_id, "roles": sorted(roles)}
    return request_approval(command=COMMAND, payload=payload, maker=maker, reason=reason, now=now)


def _grant(
    *,
    payload: Mapping[str, Any],
    maker: User,
    checker: User,
    now: datetime,  # noqa: ARG001 - the mechanism passes it
) -> dict[str, Any]:
    if payload["user"] in (maker.pk, checker.pk):
        raise UnableToGrant("Nobody raises their own rights.")
    user = User.objects.select_for_update(no_key=True).get(pk=payload["user"])
    before = _roles_now(payload)
    user.groups.set(Group.objects.filter(name__in=payload["roles"]))
    return {"before": before, "after": payload["roles"]}


def _recheck(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the mechanism passes it
    user = User.objects.filter(pk=payload["user"], is_active=True, is_superuser=False).first()
    if user is None:
        raise UnableToGrant("There is no such active account, or it is a superuser's.")
    wanted = set(payload["roles"])
    if unknown := wanted - {role.name for role in ROLES}:
        raise UnableToGrant(f"No such roles: {', '.join(sorted(unknown))}.")
    if together := conflicting_roles(wanted):
        raise UnableToGrant(f"One person must not hold {' and '.join(sorted(together))} together.")


def _roles_now(payload: Mapping[str, Any]) -> list[str]:
    return sorted(Group.objects.filter(user=payload["user"]).values_list("name", flat=True))


def _describe(payload: Mapping[str, Any]) -> str:
    name = User.objects.get(pk=payload["user"]).get_username()
    before, after = set(_roles_now(payload)), set(payload["roles"])
    changes = [f"gets {role}" for role in sorted(after - before)] + [f"loses {role}" for role in sorted(before - after)]
    return (
        f"{name} {', '.join(changes) or 'keeps the roles there are'}. Afterwards: {', '.join(sorted(after)) or 'none'}."
    )
