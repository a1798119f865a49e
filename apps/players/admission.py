"""
Who else has a say before a person is registered, about the lock of a log-in, and once a player has logged in.

Apps above fill these lists in their `AppConfig.ready`; nothing here knows them. All but those about the lock are called
outside any transaction, so they may ask another system, and raise a `DomainError` to refuse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apps.brands.models import Brand, Jurisdiction
from apps.players.models import PlayerSession


class Applicant(Protocol):
    """A person who wants an account; `apps.players.operations.Registration` is one."""

    @property
    def email(self) -> str: ...  # noqa: D102 - the name says it
    @property
    def first_name(self) -> str: ...  # noqa: D102
    @property
    def last_name(self) -> str: ...  # noqa: D102
    @property
    def postcode(self) -> str: ...  # noqa: D102
    @property
    def phone(self) -> str: ...  # noqa: D102


BEFORE_REGISTRATION: list[Callable[..., None]] = []
"""Called with `registration`, `brand`, `jurisdiction`, `now`, once the person could otherwise be registered."""


@dataclass(frozen=True, slots=True)
class LoginLock:
    """After how many wrong passwords in a row a log-in is locked, and whether it opens again by itself."""

    failures: int
    opens_by_itself: bool


LOGIN_LOCKS: list[Callable[..., LoginLock | None]] = []
"""Called with `brand`, `now` inside the transaction of an attempt; None: no say. They ask no other system."""

AFTER_LOGIN: list[Callable[..., None]] = []
"""Called with `session`, `now`, after the log-in has been committed. A refusal ends the session."""


def ask_before_registration(*, registration: object, brand: Brand, jurisdiction: Jurisdiction, now: datetime) -> None:
    """
    Let every app that has a say about a registration have it.

    :raises DomainError: the first refusal
    """
    for ask in BEFORE_REGISTRATION:
        ask(registration=registration, brand=brand, jurisdiction=jurisdiction, now=now)


def strictest_lock(own: LoginLock, *, brand: Brand, now: datetime) -> LoginLock:
    """The fewest failures that anybody demands; it opens by itself only where nobody minds."""
    said = [own, *(lock for ask in LOGIN_LOCKS if (lock := ask(brand=brand, now=now)) is not None)]
    return LoginLock(min(lock.failures for lock in said), all(lock.opens_by_itself for lock in said))


def ask_after_login(*, session: PlayerSession, now: datetime) -> None:
    """
    Let every app that has a say about a log-in have it.

    :raises DomainError: the first refusal
    """
    for ask in AFTER_LOGIN:
        ask(session=session, now=now)
