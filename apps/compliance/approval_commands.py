"""What two people can do together: the commands that apps register, and finding them. No requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.core.errors import DomainError

LIFETIME = timedelta(hours=72)


class ApprovalNotSound(DomainError):
    """The request lacks something: a reason, a time to expire that lies ahead, a player that exists."""

    code = "approval-not-sound"
    title = "This can not be asked for like that"
    status = 422


@dataclass(frozen=True, slots=True)
class Command:
    """What two people can do together. See :func:`register_command`."""

    name: str
    title: str
    maker_permission: str
    checker_permission: str
    execute: Callable[..., Any]
    describe: Callable[[Mapping[str, Any]], str]
    revalidate: Callable[..., None] | None
    fingerprint: Callable[[Mapping[str, Any]], Any] | None
    abandon: Callable[..., None] | None
    lifetime: timedelta
    walled: bool


_COMMANDS: dict[str, Command] = {}


def register_command(
    name: str,
    *,
    title: str,
    maker_permission: str,
    checker_permission: str,
    execute: Callable[..., Any],
    describe: Callable[[Mapping[str, Any]], str],
    revalidate: Callable[..., None] | None = None,
    fingerprint: Callable[[Mapping[str, Any]], Any] | None = None,
    abandon: Callable[..., None] | None = None,
    lifetime: timedelta = LIFETIME,
    walled: bool = False,
) -> None:
    """
    Let two people do `name` together. Called in ``AppConfig.ready`` of the app that owns the command.

    :param name: ``"<app>.<verb_noun>"``; stored with each request, so it is never renamed
    :param execute: called as ``execute(payload=, maker=, checker=, now=)`` inside the transaction of the decision, at
        most once a request; it locks what it changes; returns what JSON can hold, or None. A `DomainError` of it undoes
        everything and leaves the request waiting
    :param describe: what would happen, in plain words and with units, from the payload alone
    :param revalidate: called as ``revalidate(payload=, now=)`` when asked and again when approved, in the transaction
        of each; raises a `DomainError` if the payload makes no sense (any more), which ends the request
    :param fingerprint: what the request rests on, as JSON: if it differs when approved, the request is refused
    :param abandon: called as ``abandon(payload=, now=)`` in the transaction that ends a request without executing it
    :param walled: the requests are shown to nobody but those who were given one of the two permissions by name: not to
        auditors, and not to superusers, who hold every permission without having been given any
    """
    if maker_permission == checker_permission:
        raise ValueError(f"{name}: making and checking are two permissions")
    if any(permission.count(".") != 1 for permission in (maker_permission, checker_permission)):
        raise ValueError(f"{name}: a permission is app_label.codename")
    command = Command(
        name,
        title,
        maker_permission,
        checker_permission,
        execute,
        describe,
        revalidate,
        fingerprint,
        abandon,
        lifetime,
        walled,
    )
    known = _COMMANDS.setdefault(name, command)
    if (known.title, known.maker_permission, known.checker_permission) != (title, maker_permission, checker_permission):
        raise ValueError(f"two commands are called {name}")


def commands() -> list[Command]:
    """List what two people can do together, by name."""
    return [_COMMANDS[name] for name in sorted(_COMMANDS)]


def find_command(name: str) -> Command | None:
    """Return the command called `name`; None if the platform does not know it (any more)."""
    return _COMMANDS.get(name)


def command_named(name: str) -> Command:
    """
    Return the command called `name`.

    :raises ApprovalNotSound: if no app registered it
    """
    try:
        return _COMMANDS[name]
    except KeyError:
        raise ApprovalNotSound(f"There is no command {name!r}.") from None
