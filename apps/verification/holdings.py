"""What identity checks know about a player: for exports, and for the day on which it is erased."""

from apps.compliance.holdings import Holding, Rows, register_holding
from apps.core.money import Money
from apps.players.models import Player
from apps.verification.file_store import delete_file
from apps.verification.models import (
    Document,
    HitReview,
    IncomeDeclaration,
    PlayerFact,
    ScreeningHit,
    Verification,
    VerificationStep,
)


def register() -> None:
    """Register them; called once the models are loaded."""
    register_holding(
        Holding(
            "identity_facts", "What is proven about you", _facts, _erase_facts, "That something was proven, and when"
        )
    )
    register_holding(
        Holding("verifications", "How you were verified", _verifications, _erase_verifications, "Outcomes and dates")
    )
    register_holding(
        Holding("documents", "Documents you sent", _documents, _erase_documents, "Kind, date and decision")
    )
    register_holding(Holding("income", "What you said you earn", _income, _erase_income))
    register_holding(
        Holding("screenings", "Comparisons with public lists", _none, _erase_hits, "That you were compared, and when")
    )


def _facts(player: Player) -> Rows:
    """Screening is left out: whom a list names is not told (tipping off)."""
    screening = (PlayerFact.Kind.PEP, PlayerFact.Kind.SANCTIONS)
    for each in PlayerFact.objects.filter(player=player).exclude(kind__in=screening).order_by("pk").iterator():
        yield {
            "kind": each.kind,
            "outcome": each.outcome,
            "method": each.method,
            "value": each.value,
            "obtained_at": each.obtained_at,
            "valid_to": each.valid_to,
        }


def _erase_facts(player: Player) -> int:
    """The rows stay; a trigger lets what they say of an erased player be emptied, and nothing else."""
    return PlayerFact.objects.filter(player=player).update(value={}, vendor_reference="", reason="")


def _verifications(player: Player) -> Rows:
    """Without what is written for staff."""
    for each in Verification.objects.filter(player=player).order_by("pk").iterator():
        yield {
            "level": each.level,
            "state": each.state,
            "started_at": each.started_at,
            "decided_at": each.decided_at,
            "told": each.player_note,
            "found": each.found,
        }


def _erase_verifications(player: Player) -> int:
    VerificationStep.objects.filter(verification__player=player).update(details={})
    return Verification.objects.filter(player=player).update(
        vendor_subject="", vendor_session="", session_url="", player_note="", staff_note="", found={}, labels=[]
    )


def _documents(player: Player) -> Rows:
    for each in Document.objects.filter(player=player).order_by("pk").iterator():
        yield {
            "kind": each.kind,
            "state": each.state,
            "sent_at": each.uploaded_at,
            "bytes": each.size_bytes,
            "sha256": each.sha256,
        }


def _erase_documents(player: Player) -> int:
    """The files go first: a row without its file is harmless, a file without its row nobody would find."""
    documents = Document.objects.filter(player=player)
    for name in documents.values_list("storage_name", flat=True):
        delete_file(name)
    return documents.update(note="")


def _income(player: Player) -> Rows:
    for each in IncomeDeclaration.objects.filter(player=player).order_by("pk").iterator():
        yield {
            "monthly": Money(each.monthly_units, each.currency).format(),
            "currency": each.currency,
            "source": each.source,
            "declared_at": each.declared_at,
        }


def _erase_income(player: Player) -> int:
    erased, _ = IncomeDeclaration.objects.filter(player=player).delete()
    return erased


def _none(player: Player) -> Rows:  # noqa: ARG001 - every holding is asked alike
    """Nothing is told: it may tell of a suspicion."""
    yield from ()


def _erase_hits(player: Player) -> int:
    HitReview.objects.filter(hit__player=player).update(note="")
    return ScreeningHit.objects.filter(player=player).update(explanation=[], decision_note="", listed={}, caption="")
