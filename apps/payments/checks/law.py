"""What identity, monitoring and exclusion say of a withdrawal. Asked in the transaction that stores the answers."""

from datetime import datetime

from apps.monitoring.gate import gate as ask_monitoring
from apps.payments.checks.answer import Answer, hold, passed, review
from apps.payments.models import Withdrawal
from apps.safer_play.exclusions import is_excluded
from apps.verification.gates import BEING_REVIEWED, FUNDS_LOCKED, Purpose
from apps.verification.gates import gate as ask_identity


def identity(withdrawal: Withdrawal, now: datetime) -> Answer:
    """Who he is, is proven as far as his law wants it before money leaves; funds are not locked for due diligence."""
    answer = ask_identity(player=withdrawal.player, purpose=Purpose.WITHDRAWAL, now=now, money=withdrawal.money)
    evidence = {
        "missing": list(answer.missing),
        "owed": list(answer.owed),
        "policies": [list(each) for each in answer.policies],
        "policy_version_id": answer.policy_version_id,
    }
    if answer.passed:
        return passed("", **evidence)
    if answer.player_reason == FUNDS_LOCKED and withdrawal.is_source_refund:
        return passed("Two people decided that it goes back to where it came from.", **evidence)
    if answer.player_reason == BEING_REVIEWED:
        return review(answer.staff_reason, **evidence)
    return hold(answer.staff_reason, **evidence)


def monitoring(withdrawal: Withdrawal, now: datetime) -> Answer:
    """Rules on laundering and fraud. A hold is made together with the alert that explains it."""
    instrument = withdrawal.instrument
    facts = {
        "money": withdrawal.money,
        "method": withdrawal.method_id,
        "subject": str(withdrawal.public_id),
        "instrument": str(instrument.public_id) if instrument else "",
        "holder": instrument.holder if instrument else "",
        "instrument_age_hours": (now - instrument.changed_at).total_seconds() / 3600 if instrument else None,
    }
    decision = ask_monitoring(purpose="withdrawal", player=withdrawal.player, facts=facts, now=now)
    evidence = {"rules": list(decision.rules), "alerts": list(decision.alert_ids), "call": str(decision.call_id)}
    if decision.outcome in ("hold", "block"):
        return hold("; ".join(decision.reasons), **evidence)
    if decision.outcome == "alert":
        return review("; ".join(decision.reasons), **evidence)
    return passed("", **evidence)


def exclusion(withdrawal: Withdrawal, now: datetime) -> Answer:
    """An excluded player's money can always leave; whoever decides should know that it is for good."""
    excluded = is_excluded(withdrawal.player_id, now=now)
    return passed("The player has excluded himself: his money may leave." if excluded else "", excluded=excluded)
