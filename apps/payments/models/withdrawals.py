"""Withdrawals: the state machine, and the checks and approvals on the way."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.models.contracts import PspContract
from apps.payments.models.instruments import Instrument
from apps.payments.models.routing import PaymentMethod
from apps.players.models import Player

_S_FLIGHT = ["submitting", "submitted", "pending", "unknown"]


class Withdrawal(models.Model):
    """
    Money on its way out. As long as it is open, exactly `amount_units` of it lie in the player's locked account.

    Transitions set fields and nothing else; who may make them is checked in the operations.
    """

    class State(models.TextChoices):
        """See docs/payments.md for the picture."""

        REQUESTED = "requested", "Requested"
        SCREENING = "screening", "Being screened"
        ON_HOLD = "on_hold", "On hold"
        IN_REVIEW = "in_review", "In review"
        APPROVED = "approved", "Approved"
        QUEUED = "queued", "Queued for a provider"
        BLOCKED = "blocked", "No provider can take it"
        SUBMITTING = "submitting", "Being submitted"
        SUBMITTED = "submitted", "Submitted"
        PENDING = "pending", "Pending at the provider"
        UNKNOWN = "unknown", "Unknown: the provider has to be asked"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        RETURNED = "returned", "Returned after it was paid"
        REJECTED = "rejected", "Rejected"
        CANCELLED = "cancelled", "Cancelled"

    CLOSED = (State.PAID, State.FAILED, State.RETURNED, State.REJECTED, State.CANCELLED)
    IN_FLIGHT = (State.SUBMITTING, State.SUBMITTED, State.PENDING, State.UNKNOWN)
    CANCELLABLE = (State.REQUESTED, State.SCREENING, State.ON_HOLD, State.IN_REVIEW)
    AWAITING_STAFF = (State.ON_HOLD, State.IN_REVIEW, State.BLOCKED)

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="withdrawals")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    amount_units = models.BigIntegerField(help_text="Locked and to be paid, ledger units")
    paid_units = models.BigIntegerField(default=0, help_text="What the provider says it paid, ledger units")
    owed_units = models.BigIntegerField(default=0, help_text="Paid though the player did not have it: a receivable")
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, null=True, related_name="withdrawals")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="+")
    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, null=True, related_name="+")
    state = FSMField(default=State.REQUESTED, choices=State.choices, protected=True, max_length=12)
    reason_code = models.SlugField(max_length=40, blank=True, help_text="For staff")
    player_reason = models.SlugField(max_length=40, blank=True, help_text="What the player may know; never tips off")
    needs_override = models.BooleanField(default=False, help_text="A check failed: two people decide")
    remote_address = models.CharField(max_length=45, blank=True)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="By when it is to be decided")
    approved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(help_text="Since when it has been in its state")
    clock_stopped_at = models.DateTimeField(null=True, help_text="Since when it has waited for the player")
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Who works on it"
    )
    held_since = models.DateTimeField(null=True)

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player", "-id"], name="payments_withdrawal_by_player"),
            models.Index(
                fields=["state", "changed_at"],
                condition=~Q(state__in=("paid", "failed", "returned", "rejected", "cancelled")),
                name="payments_withdrawal_open",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "requested", "screening", "on_hold", "in_review", "approved", "queued", "blocked", "submitting",
                        "submitted", "pending", "unknown", "paid", "failed", "returned", "rejected", "cancelled",
                    )
                ),
                name="payments_withdrawal_state",
            ),
            models.CheckConstraint(
                condition=Q(amount_units__gt=0, paid_units__gte=0, owed_units__gte=0),
                name="payments_withdrawal_amounts",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("paid", "failed", "returned", "rejected", "cancelled"), closed_at__isnull=False)
                | (
                    ~Q(state__in=("paid", "failed", "returned", "rejected", "cancelled"))
                    & Q(closed_at__isnull=True)
                ),
                name="payments_withdrawal_closed",
            ),
            models.CheckConstraint(
                condition=Q(holder=None, held_since=None) | Q(holder__isnull=False, held_since__isnull=False),
                name="payments_withdrawal_held",
            ),
            models.CheckConstraint(
                condition=Q(clock_stopped_at=None) | Q(state="on_hold"), name="payments_withdrawal_clock"
            ),
        )  # fmt: skip
        permissions = (
            ("claim_withdrawal", "Can take withdrawals from the queue, and give them back"),
            ("reassign_withdrawal", "Can give a withdrawal that somebody holds to somebody else"),
            ("approve_withdrawal", "Can approve and reject withdrawals"),
            ("hold_withdrawal", "Can hold withdrawals and release them to review"),
            ("resolve_withdrawal", "Can decide on a withdrawal whose outcome is unknown, with evidence"),
        )

    def __str__(self) -> str:
        # Without the state: staff who must not learn of a hold see this in titles.
        return f"{self.money} withdrawal of player {self.player_id}"

    @property
    def money(self) -> Money:
        """What is to be paid."""
        return Money(self.amount_units, self.currency)

    @property
    def is_closed(self) -> bool:
        """Whether nothing of it is locked any more."""
        return self.state in self.CLOSED

    @property
    def is_source_refund(self) -> bool:
        """Whether it is money of a failed due diligence on its way back, which nobody asked for."""
        return hasattr(self, "source_refund")

    def stop_clock(self, *, at: datetime) -> None:
        """Let the time not count while the player has to do something."""
        self.clock_stopped_at = at

    def restart_clock(self, *, at: datetime) -> None:
        """Give back the time that was spent waiting for the player."""
        if self.clock_stopped_at is not None:
            self.due_at += at - self.clock_stopped_at
            self.clock_stopped_at = None

    @transition(field=state, source=State.REQUESTED, target=State.SCREENING)
    def begin_screening(self, *, at: datetime) -> None:
        """The checks run."""
        self.changed_at = at

    @transition(field=state, source=State.ON_HOLD, target=State.SCREENING)
    def screen_again(self, *, at: datetime) -> None:
        """What it waited for has come: the checks run anew."""
        self.restart_clock(at=at)
        self.changed_at, self.reason_code, self.player_reason = at, "", ""

    @transition(field=state, source=[State.APPROVED, State.QUEUED, State.BLOCKED], target=State.SCREENING)
    def void_approval(self, *, at: datetime) -> None:
        """What was approved is not what would be sent: the checks run anew, and people agree anew."""
        self.changed_at, self.approved_at = at, None

    @transition(field=state, source=[State.SCREENING, State.IN_REVIEW], target=State.ON_HOLD)
    def hold(self, *, reason_code: str, player_reason: str, at: datetime) -> None:
        """Something has to happen first."""
        self.reason_code, self.player_reason, self.changed_at = reason_code, player_reason, at

    @transition(field=state, source=[State.SCREENING, State.ON_HOLD], target=State.IN_REVIEW)
    def send_to_review(self, *, at: datetime) -> None:
        """People decide."""
        self.restart_clock(at=at)
        self.changed_at, self.player_reason = at, ""

    @transition(field=state, source=[State.SCREENING, State.IN_REVIEW], target=State.APPROVED)
    def approve(self, *, at: datetime) -> None:
        """It may go out."""
        self.approved_at, self.changed_at, self.player_reason = at, at, ""

    @transition(field=state, source=[State.ON_HOLD, State.IN_REVIEW, State.BLOCKED], target=State.REJECTED)
    def reject(self, *, reason_code: str, at: datetime) -> None:
        """It will not go out; the player has the money back."""
        self.restart_clock(at=at)
        self.reason_code, self.changed_at, self.closed_at = reason_code, at, at

    @transition(
        field=state,
        source=[State.REQUESTED, State.SCREENING, State.ON_HOLD, State.IN_REVIEW, State.PENDING],
        target=State.CANCELLED,
    )
    def cancel(self, *, at: datetime) -> None:
        """Taken back before approval; from pending only by the cashier that held it."""
        self.restart_clock(at=at)
        self.changed_at = self.closed_at = at

    @transition(field=state, source=[State.APPROVED, State.BLOCKED, *_S_FLIGHT], target=State.QUEUED)
    def queue(self, *, at: datetime) -> None:
        """It waits for a provider: for the first, or for the next after a definite negative."""
        self.changed_at = at

    @transition(field=state, source=State.QUEUED, target=State.BLOCKED)
    def block(self, *, at: datetime) -> None:
        """No provider can take it now."""
        self.changed_at = at

    @transition(field=state, source=State.QUEUED, target=State.SUBMITTING)
    def begin_submission(self, *, at: datetime) -> None:
        """The attempt is committed; the call follows."""
        self.changed_at = at

    @transition(field=state, source=State.SUBMITTING, target=State.SUBMITTED)
    def mark_submitted(self, *, at: datetime) -> None:
        """The provider has it."""
        self.changed_at = at

    @transition(field=state, source=[State.SUBMITTING, State.SUBMITTED, State.PENDING], target=State.UNKNOWN)
    def mark_unknown(self, *, at: datetime) -> None:
        """It may or may not have been paid; nothing moves until that is known."""
        self.changed_at = at

    @transition(
        field=state,
        source=[State.REQUESTED, State.SUBMITTING, State.SUBMITTED, State.UNKNOWN],
        target=State.PENDING,
    )
    def mark_pending(self, *, at: datetime) -> None:
        """The provider works on it; from requested only for a cashier that pays by itself."""
        self.changed_at = at

    @transition(
        field=state,
        source=[State.QUEUED, State.BLOCKED, *_S_FLIGHT, State.FAILED, State.CANCELLED, State.REJECTED],
        target=State.PAID,
    )
    def mark_paid(self, *, units: int, at: datetime) -> None:
        """The provider has paid; after a failure too: late is true."""
        self.paid_units, self.changed_at, self.closed_at = units, at, at

    @transition(field=state, source=[State.QUEUED, State.BLOCKED, *_S_FLIGHT], target=State.FAILED)
    def mark_failed(self, *, reason_code: str, at: datetime) -> None:
        """The provider certainly has not paid; the player has the money back."""
        self.reason_code, self.changed_at, self.closed_at = reason_code, at, at

    @transition(field=state, source=[*_S_FLIGHT, State.PAID, State.FAILED], target=State.RETURNED)
    def mark_returned(self, *, at: datetime) -> None:
        """What was paid has come back."""
        self.changed_at = self.closed_at = at


class Check(models.Model):
    """One question asked of a withdrawal, its answer, and who or what gave it."""

    class Result(models.TextChoices):
        """What it means for the withdrawal."""

        PASSED = "passed", "Passed"
        REVIEW = "review", "A person has to look"
        HOLD = "hold", "Something has to happen first"

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="checks")
    name = models.SlugField(max_length=40)
    result = models.CharField(max_length=8, choices=Result)
    reason = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=dict)
    version = models.PositiveSmallIntegerField(default=1, help_text="Of the check's code")
    decided_by = models.CharField(max_length=150, default="platform")
    at = models.DateTimeField()

    class Meta:
        """In order."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(result__in=("passed", "review", "hold")), name="payments_check_result"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.result}"


class Approval(models.Model):
    """One person's yes, to exactly these terms."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="approvals")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, help_text="Of amount, currency, destination and provider")
    note = models.TextField(blank=True, max_length=2000)
    at = models.DateTimeField()

    class Meta:
        """Nobody counts twice."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("withdrawal", "approver", "digest"), name="payments_approval_once"),
        )

    def __str__(self) -> str:
        return f"{self.approver_id} on {self.withdrawal_id}"
