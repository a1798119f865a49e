"""
Who else has a say before a person is registered, and once a player has logged in.

Apps above fill these lists in their `AppConfig.ready`; nothing here knows them. Each is called outside any transaction,
so it may ask another system, and raises a `DomainError` to refuse.
"""

from collections.abc import Callable
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

AFTER_LOGIN: list[Callable[..., None]] = []
"""Called with `session`, `now`, after the log-in has been committed. A refusal ends the session."""


def ask_before_registration(*, registration: object, brand: Brand, jurisdiction: Jurisdiction, now: datetime) -> None:
    """
    Let every app that has a say about a registration have it.

    :raises DomainError: the first refusal
    """
    for ask in BEFORE_REGISTRATION:
        ask(registration=registration, brand=brand, jurisdiction=jurisdiction, now=now)


def ask_after_login(*, session: PlayerSession, now: datetime) -> None:
    """
    Let every app that has a say about a log-in have it.

    :raises DomainError: the first refusal
    """
    for ask in AFTER_LOGIN:
        ask(session=session, now=now)
