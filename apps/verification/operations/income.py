"""Declared income: what a player says, or staff were told and wrote down. Rules compare it with what is deposited."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.players.operations.status import lock_player
from apps.verification.access import require
from apps.verification.models import Document, IncomeDeclaration
from apps.verification.operations.facts import RECORD_PERMISSION

_SHOWS_INCOME = (Document.Kind.SOURCE_OF_FUNDS, Document.Kind.SOURCE_OF_WEALTH, Document.Kind.OTHER)


class IncomeNotSound(DomainError):
    """It is below nothing, or rests on a document that is not the player's or shows something else."""

    code = "income-not-sound"
    title = "That can not be declared"
    status = 422


@transaction.atomic
def declare_income(
    *,
    player_id: int,
    monthly: Money,
    source: str,
    now: datetime,
    document: UUID | None = None,
    actor: User | None = None,
) -> IncomeDeclaration:
    """
    Keep what a player declares to earn a month; the same said again is the same declaration.

    :param document: public id of a document of the player's that shows it
    :param actor: the member of staff who writes it down; None: the player himself
    :raises PermissionDenied: if a member of staff may not, or not at this brand
    :raises IncomeNotSound: if amount or document make no sense
    """
    player = lock_player(player_id)
    if actor is not None:
        require(actor, RECORD_PERMISSION, brand_id=player.brand_id)
    if monthly.units < 0:
        raise IncomeNotSound("Nobody earns less than nothing.")
    shown_by = _document(player, document)
    said = {"monthly_units": monthly.units, "currency": monthly.currency, "source": source, "document": shown_by}
    last = IncomeDeclaration.objects.filter(player=player).first()
    if last is not None and all(getattr(last, name) == value for name, value in said.items()):
        return last
    made = IncomeDeclaration.objects.create(
        player=player, declared_by=actor.get_username() if actor else "player", declared_at=now, **said
    )
    record_fact(
        kind="verification.income.declared",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(made.public_id),
        data={
            "units": made.monthly_units,
            "currency": made.currency,
            "source": made.source,
            "has_document": shown_by is not None,
            "by_staff": actor is not None,
        },
        now=now,
    )
    return made


def _document(player: Player, public_id: UUID | None) -> Document | None:
    if public_id is None:
        return None
    found = Document.objects.filter(player=player, public_id=public_id, kind__in=_SHOWS_INCOME).first()
    if found is None:
        raise IncomeNotSound("There is no such document about the source of funds.")
    return found
