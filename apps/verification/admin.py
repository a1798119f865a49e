"""The staff pages of verification, brought in for Django to find."""

from apps.verification.evidence_page import (
    DocumentAdmin,
    EvidenceReadAdmin,
    ListedEntityAdmin,
    ScreeningHitAdmin,
)
from apps.verification.verifications_page import DueDiligenceAdmin, VerificationAdmin

__all__ = [
    "DocumentAdmin",
    "DueDiligenceAdmin",
    "EvidenceReadAdmin",
    "ListedEntityAdmin",
    "ScreeningHitAdmin",
    "VerificationAdmin",
]
