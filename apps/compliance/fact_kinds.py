"""The facts that compliance records, declared."""

from apps.compliance.models import PlayerContact
from apps.integrations.fact_kinds import declare_facts


def register() -> None:
    """Declare them; called once, when the app is ready."""
    cases = (f"compliance.case.{what}" for what in ("opened", "resolved", "reopened"))
    contacts = (f"compliance.contact.{direction}" for direction in PlayerContact.Direction.values)
    declare_facts(contacts, {"channel": str, "about": str, "words": int})
    declare_facts(cases, {"blueprint": str, "severity": str, "state": str})
