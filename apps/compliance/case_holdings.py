"""What cases, their evidence, approvals and contacts hold about a player: for exports, and for the day of erasure."""

from apps.compliance.evidence import forget_file
from apps.compliance.holdings import Holding, Rows, register_holding
from apps.compliance.models import (
    Alert,
    AlertHit,
    ApprovalEvent,
    ApprovalRequest,
    Case,
    CaseDecision,
    CaseEvent,
    CaseLink,
    CaseNotice,
    CaseReview,
    ErasureRequest,
    Evidence,
    LegalHold,
    PlayerContact,
    PlayerNote,
    RuleSnooze,
)
from apps.players.models import Player


def register() -> None:
    """Register them; called once the models are loaded."""
    register_holding(
        Holding(
            "cases",
            "Questions that staff looked into",
            _untold,
            _erase_all,
            "Kinds, dates, decisions and hashes of evidence, under a number",
        )
    )
    register_holding(
        Holding("our_contacts", "When we wrote and spoke", _contacts, None, "Channel, subject and date, never a text")
    )


def _untold(player: Player) -> Rows:  # noqa: ARG001 - every holding is asked alike
    """Nothing is told: a case may tell of a suspicion."""
    yield from ()


def _erase_all(player: Player) -> int:
    """One holding for all of it: a file of its own in an export would tell that there was something."""
    return _erase_cases(player) + _erase_evidence(player) + _erase_approvals(player)


def _erase_cases(player: Player) -> int:
    """What staff and rules wrote; triggers let it be emptied once the player has been erased."""
    CaseNotice.objects.filter(case__player=player).update(text="")
    CaseLink.objects.filter(case__player=player).update(reason="")
    RuleSnooze.objects.filter(player=player).update(reason="", ended_why="")
    # A hit of a screening list quotes the name that was alike.
    Alert.objects.filter(player=player).update(explanation="", evidence={})
    AlertHit.objects.filter(alert__player=player).update(explanation="", evidence={})
    notes = PlayerNote.objects.filter(player=player).exclude(text="").update(text="")
    CaseReview.objects.filter(case__player=player).update(note="")
    decisions = CaseDecision.objects.filter(case__player=player).update(note="")
    events = CaseEvent.objects.filter(case__player=player).update(text="", data={})
    return notes + decisions + events + Case.objects.filter(player=player).update(narrative="", awaiting_what="")


def _erase_evidence(player: Player) -> int:
    """The files go first: a row without its file is harmless, a file without its row nobody would find."""
    own = Evidence.objects.filter(case__player=player)
    for digest in own.filter(kind=Evidence.Kind.FILE).values_list("sha256", flat=True):
        if not Evidence.objects.filter(sha256=digest).exclude(case__player=player).exists():
            forget_file(digest)
    return own.update(title="", content=None, file_name="")


def _erase_approvals(player: Player) -> int:
    asked = ApprovalRequest.objects.filter(subject_player=player)
    ApprovalEvent.objects.filter(approval__in=asked.values("pk")).update(note="")
    LegalHold.objects.filter(player=player).update(scope="", reason="", release_reason="")
    ErasureRequest.objects.filter(player=player, state=ErasureRequest.State.RECEIVED).update(channel="")
    return asked.update(payload={}, rests_on=None, summary="", reason="", decision_reason="", result=None)


def _contacts(player: Player) -> Rows:
    """When and how; not how what was said was judged."""
    rows = PlayerContact.objects.filter(player=player).order_by("pk")
    yield from map(dict, rows.values("channel", "direction", "topic", "reference", "at").iterator())
