"""The regulator's rules, what two people agreed on, what has to be kept or erased, and the cases people work."""

from apps.compliance.models.approvals import ApprovalEvent, ApprovalRequest
from apps.compliance.models.policies import PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.models.retention import (
    DataExport,
    DataExportDownload,
    DataExportFile,
    Erasure,
    ErasureRequest,
    LegalHold,
)

# isort: split
from apps.compliance.models.blueprints import Blueprint
from apps.compliance.models.cases import (
    SEVERITY_RANK,
    Case,
    CaseEvent,
    CaseLink,
    CaseNotice,
    ClockInterval,
    SavedView,
    Severity,
)

# isort: split
from apps.compliance.models.alerts import Alert, AlertHit, RuleSnooze
from apps.compliance.models.contacts import PlayerContact
from apps.compliance.models.decisions import CaseDecision, CaseHold, Evidence, PlayerNote
from apps.compliance.models.pictures import MoneyDay, PlayerTrace
from apps.compliance.models.reviews import CaseReview

__all__ = [
    "SEVERITY_RANK",
    "Alert",
    "AlertHit",
    "ApprovalEvent",
    "ApprovalRequest",
    "Blueprint",
    "Case",
    "CaseDecision",
    "CaseEvent",
    "CaseHold",
    "CaseLink",
    "CaseNotice",
    "CaseReview",
    "ClockInterval",
    "DataExport",
    "DataExportDownload",
    "DataExportFile",
    "Erasure",
    "ErasureRequest",
    "Evidence",
    "LegalHold",
    "MoneyDay",
    "PlayerContact",
    "PlayerNote",
    "PlayerTrace",
    "PolicyParameter",
    "PolicySource",
    "PolicyVersion",
    "RuleSnooze",
    "SavedView",
    "Severity",
]
