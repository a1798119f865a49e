"""A command with an effect that can be counted, and people who may ask for it, decide on it, or neither."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from apps.brands.models import Jurisdiction
from apps.compliance import approval_commands
from apps.compliance.approval_commands import register_command
from apps.compliance.approvals import decide_approval, request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from tests.factories.staff import make_staff

NAME = "tests.rename_jurisdiction"
MAKE, CHECK, INBOX = "brands.add_jurisdiction", "brands.change_jurisdiction", "compliance.view_approvalrequest"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PAYLOAD = {"code": "XX", "add": "!"}


class NameTaken(DomainError):
    """What the command says when it cannot be carried out."""

    code = "test-name-taken"
    title = "The name is taken"
    status = 409


class PlaceGone(DomainError):
    """What the command's own check says."""

    code = "test-place-gone"
    title = "There is no such place any more"
    status = 409


abandoned: list[Mapping[str, Any]] = []


def _execute(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Not idempotent on purpose: running twice shows."""
    place = Jurisdiction.objects.select_for_update().get(pk=payload["code"])
    place.name += payload["add"]
    place.save(update_fields=["name"])
    if place.regulator == "unhelpful":
        raise NameTaken
    return {"name": place.name, "by": [maker.username, checker.username]}


def _recheck(*, payload: Mapping[str, Any], now: datetime) -> None:
    if not Jurisdiction.objects.filter(pk=payload["code"]).exists():
        raise PlaceGone


def _abandon(*, payload: Mapping[str, Any], now: datetime) -> None:
    abandoned.append(payload)


@contextmanager
def the_command() -> Iterator[None]:
    """Register the command for one test."""
    abandoned.clear()
    register_command(
        NAME,
        title="Rename a jurisdiction",
        maker_permission=MAKE,
        checker_permission=CHECK,
        execute=_execute,
        describe=lambda payload: f"{payload['code']} gets {payload['add']!r} at the end of its name.",
        revalidate=_recheck,
        fingerprint=lambda payload: Jurisdiction.objects.filter(pk=payload["code"]).values_list("timezone").first(),
        abandon=_abandon,
    )
    try:
        yield
    finally:
        del approval_commands._COMMANDS[NAME]


@contextmanager
def behind_a_wall() -> Iterator[None]:
    """Let the registered command be shown to nobody but those who make or check it."""
    open_command = approval_commands._COMMANDS[NAME]
    approval_commands._COMMANDS[NAME] = replace(open_command, walled=True)
    try:
        yield
    finally:
        approval_commands._COMMANDS[NAME] = open_command


def place() -> Jurisdiction:
    """What the command changes, as the database has it."""
    return Jurisdiction.objects.get_or_create(code="XX", defaults={"name": "Place", "timezone": "UTC"})[0]


def maker(username: str = "mia", *more: str) -> User:
    return User.objects.filter(username=username).first() or make_staff(username, MAKE, INBOX, *more)


def checker(username: str = "chris", *more: str) -> User:
    return User.objects.filter(username=username).first() or make_staff(username, CHECK, INBOX, *more)


def asked(by: User | None = None, **terms: Any) -> ApprovalRequest:
    """Ask for the command."""
    place()
    return request_approval(
        command=NAME, payload=PAYLOAD, maker=by or maker(), reason="the name is too short", now=NOW, **terms
    )


def decide(request: ApprovalRequest, by: User, *, approve: bool = True, at: Any = LATER) -> ApprovalRequest:
    """Decide, having looked."""
    return decide_approval(request_id=request.pk, checker=by, approve=approve, reason="looked at it", now=at)


def events(request: ApprovalRequest) -> list[tuple[str, str]]:
    """What happened to a request, and by whom."""
    return [(each.kind, each.actor.username if each.actor else "") for each in request.events.all()]


def state(request: ApprovalRequest) -> str:
    """Where it stands in the database."""
    return str(ApprovalRequest.objects.get(pk=request.pk).state)
