"""Requests that two people make together, and what happened to them. What they carry out is registered elsewhere."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.players.models import Player


class ApprovalRequest(models.Model):
    """
    A command that one member of staff asks for and another decides on, superusers included.

    Command, payload and people never change (a trigger refuses it); once it is decided, nothing changes any more.
    """

    class State(models.TextChoices):
        """Where it stands; all but the first are final."""

        WAITING = "waiting", "Waits for a second person"
        EXECUTED = "executed", "Approved and carried out"
        REJECTED = "rejected", "Rejected"
        REFUSED = "refused", "Refused: what it was about had changed"
        EXPIRED = "expired", "Expired undecided"
        VOID = "void", "Void: its maker may not ask for it any more"
        CANCELLED = "cancelled", "Taken back by its maker"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    command = models.CharField(max_length=80)
    payload = models.JSONField()
    payload_hash = models.CharField(max_length=64, help_text="SHA-256 of command, payload and maker")
    rests_on = models.JSONField(null=True, help_text="What the maker saw; if it is another one, the request is refused")
    summary = models.TextField(max_length=2000, help_text="What would happen, in words, as the maker was told")
    reason = models.TextField(max_length=2000)
    subject_player = models.ForeignKey(Player, on_delete=models.PROTECT, null=True, related_name="approval_requests")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, related_name="+")
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approvals_asked")
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="approvals_decided"
    )
    state = FSMField(default=State.WAITING, choices=State.choices, protected=True, max_length=10)
    decision_reason = models.TextField(blank=True, max_length=2000)
    result = models.JSONField(null=True, help_text="What carrying it out gave")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    executed_at = models.DateTimeField(null=True)
    request_id = models.UUIDField(null=True, help_text="The request that asked for it")

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["expires_at"], condition=Q(state="waiting"), name="compliance_approval_waiting"),
            models.Index(fields=["command", "-id"], name="compliance_approval_by_command"),
            models.Index(fields=["subject_player", "-id"], name="compliance_approval_by_player"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=("waiting", "executed", "rejected", "refused", "expired", "void", "cancelled")
                ),
                name="compliance_approval_state",
            ),
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | ~Q(checker=F("maker")), name="compliance_approval_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True, checker__isnull=True)
                | Q(state__in=("executed", "rejected", "refused"), decided_at__isnull=False, checker__isnull=False)
                | Q(state__in=("expired", "void", "cancelled"), decided_at__isnull=False, checker__isnull=True),
                name="compliance_approval_decided",
            ),
            models.CheckConstraint(
                condition=Q(state="executed", executed_at__isnull=False)
                | (~Q(state="executed") & Q(executed_at__isnull=True)),
                name="compliance_approval_executed",
            ),
            models.CheckConstraint(
                condition=Q(executed_at__isnull=True) | Q(executed_at__lt=F("expires_at")),
                name="compliance_approval_in_time",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="compliance_approval_expires_later"
            ),
        )  # fmt: skip
        permissions = (("view_every_approval", "Can read every request that is not behind a wall"),)

    def __str__(self) -> str:
        return f"Request {self.pk}"

    @transition(field=state, source=State.WAITING, target=State.EXECUTED)
    def execute(self, *, checker: User, at: datetime, reason: str, result: Any) -> None:
        """The second person agreed, and it was done."""
        self.checker, self.decided_at, self.executed_at = checker, at, at
        self.decision_reason, self.result = reason, result

    @transition(field=state, source=State.WAITING, target=State.REJECTED)
    def reject(self, *, checker: User, at: datetime, reason: str) -> None:
        """The second person said no."""
        self.checker, self.decided_at, self.decision_reason = checker, at, reason

    @transition(field=state, source=State.WAITING, target=State.REFUSED)
    def refuse(self, *, checker: User, at: datetime, reason: str) -> None:
        """The second person agreed, but to something that is no longer so."""
        self.checker, self.decided_at, self.decision_reason = checker, at, reason

    @transition(field=state, source=State.WAITING, target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Nobody decided in time."""
        self.decided_at = at

    @transition(field=state, source=State.WAITING, target=State.VOID)
    def annul(self, *, at: datetime, reason: str) -> None:
        """Whoever asked may no longer ask for this."""
        self.decided_at, self.decision_reason = at, reason

    @transition(field=state, source=State.WAITING, target=State.CANCELLED)
    def cancel(self, *, at: datetime, reason: str) -> None:
        """Whoever asked took it back."""
        self.decided_at, self.decision_reason = at, reason


class ApprovalEvent(models.Model):
    """What happened to a request: one row for each thing, never altered."""

    class Kind(models.TextChoices):
        """One for each state, and the try that did not succeed."""

        ASKED = "asked", "Asked for"
        FAILED = "failed", "Approved, but could not be carried out"
        EXECUTED = "executed", "Approved and carried out"
        REJECTED = "rejected", "Rejected"
        REFUSED = "refused", "Refused"
        EXPIRED = "expired", "Expired"
        VOID = "void", "Void"
        CANCELLED = "cancelled", "Taken back"

    class Factor(models.TextChoices):
        """What the person had shown beside the password."""

        TOTP = "totp", "with a code of the device"
        RECOVERY = "recovery_codes", "with a recovery code"
        NONE = "none", "with the password only"

    approval = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True, max_length=2000)
    payload_hash = models.CharField(max_length=64)
    factor = models.CharField(
        max_length=14, choices=Factor, blank=True, help_text="What the person had shown; empty: not by a log-in"
    )
    factor_at = models.DateTimeField(null=True, help_text="When it was shown last")
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """As it happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
