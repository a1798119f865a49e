"""The reasons that staff give for what they decide, from the list that the operator keeps."""

from apps.core.errors import DomainError
from apps.payments.models import WithdrawalReason


class ReasonMissing(DomainError):
    """A decision says why, by a reason from the list and in words."""

    code = "reason-missing"
    title = "A reason is needed"
    status = 422


def reason_of(decision: str, code: str) -> WithdrawalReason:
    """
    Find a reason by its code.

    :raises ReasonMissing: if the list has no such reason for this decision
    """
    found = WithdrawalReason.objects.filter(decision=decision, code=code, is_enabled=True).first()
    if found is None:
        raise ReasonMissing(f"“{code}” is no reason to {decision} a withdrawal." if code else "")
    return found


def reasons_for(decision: str) -> list[tuple[str, str]]:
    """List the reasons to choose from: code and title."""
    return list(WithdrawalReason.objects.filter(decision=decision, is_enabled=True).values_list("code", "title"))
