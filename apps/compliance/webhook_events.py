"""What operators' systems are told of cases: that there is one, and that it ended; not why, nothing filed."""

from apps.integrations.outgoing.catalogue import TEXT, register_event


def register() -> None:
    """Enter the events; called once, when the app is ready."""
    case = {"state": TEXT}
    register_event("compliance.case.opened", "Somebody has to look at a player.", case)
    register_event("compliance.case.resolved", "A case has been resolved.", case)
    register_event("compliance.case.reopened", "A resolved case has been opened again.", case)
