"""Demo data: the matrix, what the demo's policy people have confirmed of it, and one proposal that waits."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.approvals import decide_approval
from apps.compliance.models import ApprovalRequest, PolicyVersion
from apps.compliance.policy_changes import PUBLISH_COMMAND, propose_policy
from apps.compliance.policy_file import read_matrix
from apps.compliance.policy_loading import apply_matrix

# General knowledge in the matrix; a real operator's people would have read the laws.
_CONFIRMED = ("min_age", "retention_years_after_relationship")
_WAITING = ("SE", "identity_verification_gate")
_AUTHOR, _APPROVER = "policy_author", "policy_approver"


def seed_matrix(*, now: datetime) -> None:
    """Fill empty books."""
    apply_matrix(read_matrix(), maker=None, now=now)


@transaction.atomic
def seed_decisions(*, now: datetime) -> None:
    """Have two people publish what the demo cannot do without; once."""
    author, approver = (User.objects.get(username=name) for name in (_AUTHOR, _APPROVER))
    if ApprovalRequest.objects.filter(command=PUBLISH_COMMAND, maker=author).exists():
        return
    drafts = PolicyVersion.objects.filter(state=PolicyVersion.State.DRAFT, maker=None, value__isnull=False)
    for draft in drafts.filter(parameter_id__in=_CONFIRMED, legal_status="in_force").order_by("pk"):
        asked = propose_policy(version_id=draft.pk, maker=author, reason="Compared with the law (demo)", now=now)
        decide_approval(request_id=asked.pk, checker=approver, approve=True, reason="Compared too (demo)", now=now)
    waiting = drafts.filter(jurisdiction_id=_WAITING[0], parameter_id=_WAITING[1]).first()
    if waiting is not None:
        propose_policy(
            version_id=waiting.pk, maker=author, reason="BankID is what everybody there logs in with (demo)", now=now
        )
