"""Facts, verifications, due diligence, documents and screening. Money is in the ledger."""

from apps.verification.models.documents import Document, EvidenceRead
from apps.verification.models.due_diligence import DueDiligence, FundsMove
from apps.verification.models.facts import PlayerFact
from apps.verification.models.income import IncomeDeclaration
from apps.verification.models.processes import Verification, VerificationStep
from apps.verification.models.screening import HitReview, ListedEntity, ScreeningHit, ScreeningRun

__all__ = [
    "Document",
    "DueDiligence",
    "EvidenceRead",
    "FundsMove",
    "HitReview",
    "IncomeDeclaration",
    "ListedEntity",
    "PlayerFact",
    "ScreeningHit",
    "ScreeningRun",
    "Verification",
    "VerificationStep",
]
