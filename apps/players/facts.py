"""What players' operations tell the outbox. Kinds are `player.<what happened>`; people are named by id only."""

from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from apps.integrations.outbox import record_fact
from apps.players.models import Player


def fingerprint(what: str, value: str) -> str:
    """A device or an address as facts name it: the same for all who share it, meaningless without our key."""
    return salted_hmac(f"apps.players.{what}", value, algorithm="sha256").hexdigest()[:32] if value else ""


def tell(player: Player, kind: str, *, now: datetime, **data: Any) -> None:
    """
    Record a fact about a player in the current transaction.

    :param kind: the last word: ``registered``, ``logged_in``, ``login_failed``, ``status_changed``,
        ``profile_changed``, ``became_dormant``
    """
    record_fact(
        kind=f"player.{kind}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(player.public_id),
        data={"jurisdiction": player.jurisdiction_id, "is_test": player.is_test, **data},
        now=now,
    )
