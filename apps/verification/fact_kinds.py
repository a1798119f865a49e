"""The facts that verification records, and those it follows, declared."""

from apps.compliance.timeline import restrict_facts
from apps.integrations.fact_kinds import declare_facts, follow_facts
from apps.verification.models import Document, PlayerFact, ScreeningHit, Verification
from apps.verification.operations import rechecks


def register() -> None:
    """Declare them; called once, when the app is ready."""
    processes = (f"verification.{state}" for state in Verification.State.values)
    declare_facts(processes, {"level": str, "was": str, "trigger": str})
    declare_facts((f"verification.document.{state}" for state in Document.State.values), {"kind": str})
    facts = (f"verification.fact.{outcome}" for outcome in PlayerFact.Outcome.values)
    declare_facts(facts, {"kind": str, "method": str, "level": int})
    hit = {"is_sanction": bool, "topic": str, "score": float, "cleared": bool}
    declare_facts((f"verification.hit.{state}" for state in ScreeningHit.State.values), hit)
    declare_facts(["verification.hit.found"], {**hit, "corroboration": int})
    diligence = {"threshold": dict, "locks_funds": bool}
    plain = ("met", "refund_due", "refunded")
    declare_facts((f"verification.due_diligence.{what}" for what in plain), diligence)
    declare_facts(["verification.due_diligence.reached"], {**diligence, "lock_policy_version": int | None})
    declare_facts(["verification.due_diligence.released"], {**diligence, "moved": list})
    refused = {"purpose": str, "missing": list, "reason": str, "policy_version_id": int | None, "policies": list}
    declare_facts(["verification.gate.refused"], refused)
    income = {"units": int, "currency": str, "source": str, "has_document": bool, "by_staff": bool}
    declare_facts(["verification.income.declared"], income)
    follow_facts("verification.rechecks", rechecks.FOLLOWED)
    restrict_facts("verification.hit.", "verification.view_screeninghit")
    restrict_facts("verification.due_diligence.", "verification.view_duediligence")
