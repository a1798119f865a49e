"""Pages of compliance, one module an area."""

from apps.compliance import cases_page, reviews_page  # noqa: F401 - they register their pages
from apps.compliance.approvals_page import ApprovalRequestAdmin
from apps.compliance.policies_page import PolicyParameterAdmin, PolicySourceAdmin, PolicyVersionAdmin
from apps.compliance.retention_page import DataExportAdmin, ErasureAdmin, ErasureRequestAdmin, LegalHoldAdmin

__all__ = [
    "ApprovalRequestAdmin",
    "DataExportAdmin",
    "ErasureAdmin",
    "ErasureRequestAdmin",
    "LegalHoldAdmin",
    "PolicyParameterAdmin",
    "PolicySourceAdmin",
    "PolicyVersionAdmin",
]
