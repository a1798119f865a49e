"""What operators' systems are told of identity: where a verification stands; no documents, no hits."""

from apps.integrations.outgoing.catalogue import TEXT, TEXTS, register_event

_PROCESS = {
    "pending": "A player has been sent to be verified.",
    "approved": "A player has been verified.",
    "retry": "A player has to try again.",
    "rejected": "A verification was refused.",
    "review": "Staff look at a verification.",
    "abandoned": "A player has left a verification unfinished.",
    "expired": "A verification no longer holds.",
}


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    for word, summary in _PROCESS.items():
        register_event(f"verification.{word}", summary, {"level": TEXT, "was": TEXT, "trigger": TEXT})
    document = {"kind": TEXT}
    register_event("verification.document.received", "A player has sent a document.", document)
    register_event("verification.document.accepted", "A document was accepted.", document)
    register_event("verification.document.refused", "A document was refused.", document)
    register_event(
        "verification.gate.refused",
        "Something has to be proven before a player may go on.",
        {"purpose": TEXT, "missing": TEXTS},
    )
