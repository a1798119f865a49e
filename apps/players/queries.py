"""Reading players, their brand and their sessions. Nothing here changes anything."""

from datetime import datetime
from typing import ClassVar

from django.db.models import QuerySet
from django.db.models.functions import Lower

from apps.brands.models import Brand
from apps.core.errors import DomainError
from apps.core.ids import token_digest
from apps.players.models import Player, PlayerSession


class UnknownBrand(DomainError):
    """There is no such brand, or it is switched off at present: nobody can register or log in there."""

    code: ClassVar[str] = "unknown-brand"
    title: ClassVar[str] = "No such brand"
    status: ClassVar[int] = 422


def open_brand(code: str) -> Brand:
    """
    A brand that is switched on, by its code.

    :raises UnknownBrand: if there is none
    """
    brand = Brand.objects.filter(code=code, is_enabled=True).first()
    if brand is None:
        raise UnknownBrand
    return brand


def player_named(brand_id: int, username: str) -> Player | None:
    """The player of a brand by username, whatever its case."""
    # Spelt as the unique index is, so that it is used.
    return Player.objects.alias(name=Lower("username")).filter(brand_id=brand_id, name=username.lower()).first()


def session_of(token: str, now: datetime) -> PlayerSession | None:
    """
    The live session a token stands for, with its player and brand; one query.

    None when it is unknown, revoked or expired, and also when its player may no longer be logged in.
    """
    sessions = PlayerSession.objects.select_related("player__brand")
    session = sessions.filter(token_digest=token_digest(token), revoked_at=None, expires_at__gt=now).first()
    if session is None or not may_be_logged_in(session.player):
        return None
    return session


def live_sessions(player_id: int, now: datetime) -> QuerySet[PlayerSession]:
    """Sessions of a player that are neither revoked nor expired."""
    return PlayerSession.objects.filter(player_id=player_id, revoked_at=None, expires_at__gt=now)


def may_be_logged_in(player: Player) -> bool:
    """Whether the player's status allows a session at all."""
    return (
        player.status in (Player.Status.ACTIVE, Player.Status.RESTRICTED)
        and Player.Restriction.LOGIN not in player.restrictions
    )
