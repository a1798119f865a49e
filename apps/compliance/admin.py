"""Pages of compliance, one module an area."""

from apps.compliance.approvals_page import ApprovalRequestAdmin
from apps.compliance.policies_page import PolicyParameterAdmin, PolicySourceAdmin, PolicyVersionAdmin

__all__ = ["ApprovalRequestAdmin", "PolicyParameterAdmin", "PolicySourceAdmin", "PolicyVersionAdmin"]
