"""What the regulator's rules are, what two people agreed on, and what has to be kept or erased."""

from apps.compliance.models.approvals import ApprovalEvent, ApprovalRequest
from apps.compliance.models.policies import PolicyParameter, PolicySource, PolicyVersion

__all__ = ["ApprovalEvent", "ApprovalRequest", "PolicyParameter", "PolicySource", "PolicyVersion"]
