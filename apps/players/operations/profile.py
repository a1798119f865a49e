"""A player's contact details, as the player changes them."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.core.request_context import current_request_id
from apps.players.facts import tell
from apps.players.models import Player, ProfileChange
from apps.players.operations.registration import refuse_if_taken
from apps.players.operations.status import lock_player

CONTACT_FIELDS = ("email", "phone", "street", "city", "postcode", "language")


@transaction.atomic
def change_contact(*, player_id: int, changes: Mapping[str, str], actor: str, now: datetime) -> Player:
    """
    Change contact details; what they were is kept.

    :param changes: new values of some of CONTACT_FIELDS
    :raises EmailTaken: if another player of the brand has the e-mail address
    :raises ValueError: if a field is not a contact detail
    """
    if foreign := set(changes) - set(CONTACT_FIELDS):
        raise ValueError(f"not contact details: {sorted(foreign)}")
    player = lock_player(player_id)
    before = {field: str(getattr(player, field)) for field in changes}
    changed = [field for field in changes if changes[field] != before[field]]
    for field in changed:
        setattr(player, field, changes[field])
    try:
        with transaction.atomic():
            player.save(update_fields=changed)
    except IntegrityError as error:
        refuse_if_taken(error)
        raise
    ProfileChange.objects.bulk_create(
        ProfileChange(
            player=player,
            field=field,
            old_value=before[field],
            new_value=changes[field],
            actor=actor,
            request_id=current_request_id(),
            changed_at=now,
        )
        for field in changed
    )
    if changed:
        tell(player, "profile_changed", now=now, fields=sorted(changed))
    return player
