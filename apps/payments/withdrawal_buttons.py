"""The buttons of a withdrawal's page: take it, decide it, give it back. Each calls one operation."""

from typing import Any

from django.http import HttpRequest

from apps.core.admin_actions import staff_action, staff_of
from apps.core.clock import now
from apps.payments.models import Withdrawal
from apps.payments.operations.claims import (
    CLAIM_PERMISSION,
    REASSIGN_PERMISSION,
    claim_withdrawal,
    reassign_withdrawal,
    release_claim,
)
from apps.payments.operations.decisions import (
    APPROVE_PERMISSION,
    HOLD_PERMISSION,
    approve_withdrawal,
    hold_withdrawal,
    reject_withdrawal,
    release_to_review,
)
from apps.payments.operations.resolution import RESOLVE_PERMISSION, attest_outcome
from apps.payments.withdrawal_forms import (
    ApproveForm,
    AttestForm,
    HoldForm,
    NoteForm,
    PlainForm,
    ReassignForm,
    RejectForm,
)
from apps.payments.withdrawal_queue import TO_DECIDE

State = Withdrawal.State


class WithdrawalButtons:
    """What one may do with a withdrawal; a mixin of its admin page."""

    @staff_action(
        title="Take",
        permission=CLAIM_PERMISSION,
        form=PlainForm,
        description="Others see that you work on it, and can not decide it meanwhile.",
        icon="pan_tool",
        applies=lambda withdrawal: withdrawal.state in TO_DECIDE and withdrawal.holder_id is None,
    )
    def claim(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:  # noqa: ARG002
        """Work on it."""
        claim_withdrawal(withdrawal_id=obj.pk, actor=staff_of(request), now=now())
        return "It is yours until you decide or give it back."

    @staff_action(
        title="Give back",
        permission=CLAIM_PERMISSION,
        form=PlainForm,
        description="Somebody else may take it then.",
        icon="undo",
        applies=lambda withdrawal: withdrawal.holder_id is not None,
    )
    def unclaim(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:  # noqa: ARG002
        """Let it go."""
        release_claim(withdrawal_id=obj.pk, actor=staff_of(request), now=now())
        return "It is back in the queue."

    @staff_action(
        title="Give to somebody",
        permission=REASSIGN_PERMISSION,
        form=ReassignForm,
        description="Whoever holds it now loses it.",
        icon="forward",
        applies=lambda withdrawal: withdrawal.state in TO_DECIDE,
    )
    def reassign(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Let somebody else work on it."""
        reassign_withdrawal(withdrawal_id=obj.pk, to=data["to"], note=data["note"], actor=staff_of(request), now=now())
        return f"{data['to']} has it now."

    @staff_action(
        title="Approve",
        permission=APPROVE_PERMISSION,
        form=ApproveForm,
        description="To exactly the terms shown on this page. Where two people are needed, both press this.",
        icon="task_alt",
        applies=lambda withdrawal: withdrawal.state == State.IN_REVIEW,
    )
    def approve(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Agree."""
        after = approve_withdrawal(
            withdrawal_id=obj.pk,
            digest=data["digest"],
            reason_code=data["reason_code"],
            actor=staff_of(request),
            note=data["note"],
            now=now(),
        )
        if after.state == State.IN_REVIEW:
            return "Your approval counts. A second person has to agree before it goes out."
        return "Approved; it goes to a provider now."

    @staff_action(
        title="Reject",
        permission=APPROVE_PERMISSION,
        form=RejectForm,
        description="The player has the money back at once.",
        danger=True,
        icon="cancel",
        applies=lambda withdrawal: withdrawal.state in Withdrawal.AWAITING_STAFF,
    )
    def reject(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Disagree."""
        reject_withdrawal(
            withdrawal_id=obj.pk,
            reason_code=data["reason_code"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        return "Rejected; the player has the money back."

    @staff_action(
        title="Hold",
        permission=HOLD_PERMISSION,
        form=HoldForm,
        description="Until something has happened. What the player is told of it, if anything, goes with the reason.",
        icon="pause_circle",
        applies=lambda withdrawal: withdrawal.state == State.IN_REVIEW,
    )
    def hold(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Let it wait."""
        hold_withdrawal(
            withdrawal_id=obj.pk,
            reason_code=data["reason_code"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        return "On hold."

    @staff_action(
        title="Release to review",
        permission=HOLD_PERMISSION,
        form=NoteForm,
        description="What it waited for has happened. After a hold two people have to agree, whatever the amount.",
        icon="play_circle",
        applies=lambda withdrawal: withdrawal.state == State.ON_HOLD,
    )
    def release(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Let people decide."""
        release_to_review(withdrawal_id=obj.pk, note=data["note"], actor=staff_of(request), now=now())
        return "In review; two people have to agree."

    @staff_action(
        title="Attest outcome",
        permission=RESOLVE_PERMISSION,
        form=AttestForm,
        description="Only with evidence, and only once two people say the same. A payment must not be made twice.",
        danger=True,
        icon="fact_check",
        applies=lambda withdrawal: withdrawal.state == State.UNKNOWN,
    )
    def attest(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Say what became of it."""
        after = attest_outcome(
            withdrawal_id=obj.pk,
            was_paid=data["outcome"] == "paid",
            evidence=data["evidence"],
            actor=staff_of(request),
            now=now(),
        )
        if after.state == State.UNKNOWN:
            return "Recorded. A second person has to say the same before anything moves."
        return f"Settled: {State(after.state).label.lower()}."
