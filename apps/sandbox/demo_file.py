"""The document that tells people and programs how to enter a demo; its form is public and fixed."""

from typing import Any

from apps.sandbox.seeding.connections import connection_documents
from apps.sandbox.seeding.kyc import kyc_documents
from apps.sandbox.seeding.people import Passwords, player_documents, staff_documents
from apps.sandbox.seeding.psps import psp_documents


def demo_document(base_url: str, passwords: Passwords) -> dict[str, Any]:
    """
    Addresses, log-ins and keys of the demo. It holds secrets: store it for its owner's eyes only.

    :raises KeyError: if somebody's password is not known
    """
    return {
        "base_url": base_url,
        "staff": staff_documents(passwords),
        "players": player_documents(passwords),
        "integrations": connection_documents(base_url) | psp_documents(base_url) | kyc_documents(base_url),
    }


def passwords_in(document: dict[str, Any]) -> dict[str, str]:
    """Passwords of an earlier document, so that log-ins stay what they were."""
    staff = {f"staff/{each['username']}": each["password"] for each in document.get("staff", [])}
    players = {f"{each['brand']}/{each['username']}": each["password"] for each in document.get("players", [])}
    return staff | players
