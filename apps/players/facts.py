"""What players' operations tell the outbox. Kinds are `player.<what happened>`; people are named by id only."""

from datetime import datetime
from typing import Any

from apps.integrations.outbox import record_fact
from apps.players.models import Player


def tell(player: Player, kind: str, *, now: datetime, **data: Any) -> None:
    """
    Record a fact about a player in the current transaction.

    :param kind: the last word: ``registered``, ``logged_in``, ``login_failed``, ``status_changed``, ``profile_changed``
    """
    record_fact(
        kind=f"player.{kind}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(player.public_id),
        data={"jurisdiction": player.jurisdiction_id, "is_test": player.is_test, **data},
        now=now,
    )
