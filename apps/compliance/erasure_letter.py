"""The letters that answer a player who asks to be forgotten: which law keeps the data, until when, and his rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from apps.players.models import Player

# Who hears complaints about personal data, by jurisdiction.
SUPERVISORS: dict[str, str] = {
    "GB": "the Information Commissioner's Office (ICO)",
    "MT": "the Office of the Information and Data Protection Commissioner",
    "SE": "Integritetsskyddsmyndigheten (IMY)",
    "DE": "the data protection authority of your Land",
    "NL": "the Autoriteit Persoonsgegevens",
    "DK": "Datatilsynet",
    "ES": "the Agencia Española de Protección de Datos",
    "CA-ON": "the Office of the Privacy Commissioner of Canada",
    "US-NJ": "the New Jersey Division of Consumer Affairs",
}
NAME = "{name}"
_SOMEBODY = "the data protection authority of the place where you live"
_CALENDAR = "%-d %B %Y"


@dataclass(frozen=True, slots=True)
class Letter:
    """What the player is told, and the law behind it for the file."""

    text: str
    """With `NAME` where the name goes: what is kept must not keep the name."""
    legal_basis: str


def refusal_letter(
    player: Player,
    *,
    years: int,
    ended_on: date | None,
    delete_on: date | None,
    sources: Sequence[str],
    on: date,
    kept: Sequence[str],
) -> Letter:
    """
    Say that the law keeps the data, until when, and what the player can do about it.

    It is the same whether or not there is a legal hold: a hold may belong to something he must not learn of.
    """
    law = "; ".join(sources) or "the rules against money laundering that bind us"
    who = player.jurisdiction.name if sources else "The law"
    basis = (
        "Article 17(3)(b) of the General Data Protection Regulation, or the equivalent where you live: a legal "
        f"obligation. {who} has us keep customer and transaction records for {years} years after "
        f"the relationship ends: {law}."
    )
    paragraphs = [
        f"Dear {NAME},",
        f"you asked us to erase your personal data. We cannot do so today, {on:{_CALENDAR}}.",
        f"Why. {basis}",
        _when(years, ended_on, delete_on),
        "Until then your data are kept for this purpose only: they are not used to advertise to you.",
        _rights(player),
    ]
    if kept:
        paragraphs.insert(4, f"What stays afterwards, without your name. {'. '.join(dict.fromkeys(kept))}.")
    return Letter("\n\n".join(paragraphs), basis)


def erased_letter(player: Player) -> Letter:
    """Say that the data are gone."""
    gone = (
        "your personal data have been erased. The amounts of past transactions stay in our books under a number that "
        "no longer leads to you, because the books have to balance."
    )
    return Letter("\n\n".join([f"Dear {NAME},", gone, _rights(player)]), "")


def addressed(text: str, player: Player) -> str:
    """Put the player's name into a letter, as long as we know it."""
    return text.replace(NAME, f"{player.first_name} {player.last_name}".strip() or "player")


def _when(years: int, ended_on: date | None, delete_on: date | None) -> str:
    if ended_on is not None and delete_on is None:
        return (
            f"Until when. Your account was closed on {ended_on:{_CALENDAR}}. Your data are erased {years} years later, "
            "unless the law requires us to keep them longer."
        )
    if delete_on is None or ended_on is None:
        return (
            f"Until when. Your account is open. Once it is closed, your data are erased {years} years later, "
            "unless the law requires us to keep them longer."
        )
    return (
        f"Until when. Your account was closed on {ended_on:{_CALENDAR}}. Your data are erased on "
        f"{delete_on:{_CALENDAR}}, unless the law requires us to keep them longer."
    )


def _rights(player: Player) -> str:
    supervisor = SUPERVISORS.get(player.jurisdiction_id, _SOMEBODY)
    return (
        f"Your rights. You can complain to {supervisor}, and you can go to court. You can also ask us for a copy of "
        "everything we hold about you, and have what is wrong corrected."
    )
