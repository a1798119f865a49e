"""What the staff pages of verification share: colours of states, and personal data told apart without being shown."""

from collections.abc import Iterable

from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, masked_text
from apps.players.models import Player
from apps.verification.contract import FoundPerson
from apps.verification.matching.names import compare_names

_LEVELS = {
    "good": {"approved", "confirmed", "accepted", "met", "false_positive"},
    "warning": {"review", "retry", "pending", "received", "open", "expired", "withdrawn", "refund_due", "none"},
    "bad": {"rejected", "refuted", "refused", "abandoned"},
}


def level(word: str) -> str:
    """Colour of a state or outcome."""
    return next((name for name, words in _LEVELS.items() if word in words), "plain")


def compared(player: Player, person: FoundPerson) -> Iterable[tuple[str, str, str, str]]:
    """
    Lay side by side what the player told us and what the vendor read: field, ours, theirs, verdict.

    Masked: whether they agree can be told without showing them. Unmask the player on his own page, with a purpose.
    """
    ours, theirs = f"{player.first_name} {player.last_name}", f"{person.first_name} {person.last_name}".strip()
    match = compare_names(ours, theirs) if theirs else None
    yield (
        "Name",
        masked_words(ours),
        masked_words(theirs),
        "not told"
        if match is None
        else f"{match.score:.0%} alike"
        if match.is_match
        else f"differs, {match.score:.0%}",
    )
    born = player.birth_date.isoformat()
    yield "Birth date", f"{born[:4]}-••-••", _masked_date(person.birth_date), _verdict(born, person.birth_date)
    yield "Country", player.country, person.country or NOTHING, _verdict(player.country, person.country[:2])
    yield "Document", NOTHING, " ".join(filter(None, (person.document_type, person.document_country))) or NOTHING, ""
    yield "Valid to", NOTHING, person.document_valid_to or NOTHING, ""


def masked_words(text: str) -> str:
    """Keep the first letter of each word."""
    return " ".join(masked_text(word) for word in text.split()) or NOTHING


def _masked_date(text: str) -> str:
    return f"{text[:4]}-••-••" if text else NOTHING


def _verdict(ours: str, theirs: str) -> str:
    if not theirs:
        return "not told"
    return "agrees" if ours == theirs else "differs"


class VerificationPage(StaffAdmin):
    """A page whose list can be narrowed by its own filters only."""

    big_table = True
    ordering: tuple[str, ...] = ("-id",)
    sortable_by = ()
