"""What operators' systems are told of limits and exclusions, so that they can stop what they do themselves."""

from apps.integrations.outgoing.catalogue import (
    FLAG,
    MAYBE_COUNT,
    MAYBE_MONEY,
    MAYBE_TEXT,
    TEXT,
    register_event,
)

_LIMIT = {
    "set": "A limit exists where there was none.",
    "raised": "A limit was raised or removed, perhaps from a later moment on.",
    "lowered": "A limit was lowered.",
}


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    limit = {
        "kind": TEXT,
        "period": TEXT,
        "amount": MAYBE_MONEY,
        "seconds": MAYBE_COUNT,
        "is_removal": FLAG,
        "set_by": TEXT,
        "state": TEXT,
        "effective_at": TEXT,
    }
    for word, summary in _LIMIT.items():
        register_event(f"safer_play.limit.{word}", summary, limit)
    register_event(
        "safer_play.exclusion.started",
        "A player is excluded: no play, no deposits, no marketing.",
        {"kind": TEXT, "ends_at": MAYBE_TEXT, "is_followed": FLAG},
    )
    register_event(
        "safer_play.exclusion.abandoned",
        "A player went to exclude himself and left again.",
        {"how": TEXT, "seconds": {"type": "integer"}},
    )
    register_event("safer_play.exclusion.ended", "An exclusion is over. Marketing stays off.", {"kind": TEXT})
