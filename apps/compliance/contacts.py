"""
Recording contacts with players. A text is read once, for words of concern, and not kept.

Keeping it here would copy the help desk: more people would read it, and each erasure would have to find it.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from apps.brands.models import StaffScope
from apps.compliance.models import PlayerContact
from apps.compliance.models.contacts import REFERENCE
from apps.core.errors import DomainError
from apps.integrations.outbox import record_fact
from apps.players.operations.status import lock_player

RECORD_PERMISSION = "compliance.record_contact"
_APOSTROPHES = re.compile(
    "[\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}\N{ACUTE ACCENT}`]"
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
WordList = tuple[int, Sequence[str]]
WORD_LISTS: list[Callable[[], WordList | None]] = []
"""Who maintains words of concern enters a function here, in ``AppConfig.ready``: version and entries, or None."""


class ContactNotSound(DomainError):
    """It took place in the future, or its reference is no ticket or call number."""

    code = "contact-not-sound"
    title = "That contact can not be recorded"
    status = 422


@transaction.atomic
def record_contact(
    *,
    player_id: int,
    channel: str,
    direction: str,
    topic: str,
    text: str,
    reference: str,
    at: datetime,
    actor: User,
    now: datetime,
) -> PlayerContact:
    """
    Keep that there was a contact, and how many words of concern the player used; the same said again is the same one.

    :param text: what the player wrote or said; read here and forgotten
    :param at: when it took place
    :raises PermissionDenied: without the permission, or at another brand
    :raises ContactNotSound: if time or reference make no sense
    """
    player = lock_player(player_id)
    serves = actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=player.brand_id).exists()
    if not (actor.has_perm(RECORD_PERMISSION) and serves):
        raise PermissionDenied
    if at > now:
        raise ContactNotSound("It has not taken place yet.")
    if at < player.registered_at.replace(second=0, microsecond=0):  # people note the minute
        raise ContactNotSound("The player did not have an account yet.")
    try:
        REFERENCE(reference)
    except ValidationError as error:
        raise ContactNotSound(error.messages[0]) from error
    is_received = direction == PlayerContact.Direction.RECEIVED
    number, words = _concern_in(text) if is_received else (None, 0)
    made, is_new = PlayerContact.objects.get_or_create(
        player=player, channel=channel, direction=direction, topic=topic, words=words, reference=reference, at=at,
        defaults={"list_number": number, "recorded_by": actor, "recorded_at": now},
    )  # fmt: skip
    if not is_new:
        return made
    record_fact(
        kind=f"compliance.contact.{direction}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(made.public_id),
        data={"channel": channel, "about": topic, "words": words},
        now=at,
    )
    return made


def found_words(text: str, entries: Sequence[str]) -> int:
    """How many entries of a list stand in a text as whole words, whatever their case, accents and apostrophes."""
    told = f" {_plain(text)} "
    return sum(f" {_plain(entry)} " in told for entry in dict.fromkeys(entries) if _plain(entry))


def _concern_in(text: str) -> tuple[int | None, int]:
    known = next((found for ask in WORD_LISTS if (found := ask()) is not None), None)
    return (None, 0) if known is None else (known[0], found_words(text, known[1]))


def _plain(text: str) -> str:
    """Words in small letters without accents, one space between them; quotes and underlines around words are none."""
    bare = unicodedata.normalize("NFKD", _APOSTROPHES.sub("'", text).casefold())
    # Cf: soft hyphens and other marks that nobody sees.
    kept = "".join(each for each in bare if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")
    return " ".join(_WORD.findall(kept))
