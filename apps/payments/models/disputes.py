"""Deposits that their payers contest: the dispute, each event about it, what we answered, and the evidence."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.payments.models.contracts import PspContract
from apps.payments.models.deposits import Deposit


class Dispute(models.Model):
    """
    A deposit that its payer contests, at one provider.

    `stage` and `status` are what the provider says; money moves per event, whatever they are.
    """

    class Stage(models.TextChoices):
        """How far it has gone."""

        PRE_DISPUTE = "pre_dispute", "Enquiry"
        DISPUTE = "dispute", "Chargeback"
        PRE_ARBITRATION = "pre_arbitration", "Pre-arbitration"
        ARBITRATION = "arbitration", "Arbitration"

    class Status(models.TextChoices):
        """Where it stands within its stage."""

        OPENED = "opened", "Waits for our answer"
        CHALLENGED = "challenged", "Defended, waits for theirs"
        EXPIRED = "expired", "Not answered in time"
        ACCEPTED = "accepted", "Accepted by us"
        CANCELLED = "cancelled", "Withdrawn by them"
        LOST = "lost", "Lost"
        WON = "won", "Won"

    OPEN = (Status.OPENED, Status.CHALLENGED)

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="disputes")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, null=True, related_name="+")
    reference = models.CharField(max_length=120, help_text="The provider's id of the dispute")
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.DISPUTE)
    status = models.CharField(max_length=12, choices=Status, default=Status.OPENED)
    word = models.CharField(max_length=60, blank=True, help_text="The provider's last word on it")
    reason = models.CharField(max_length=200, blank=True)
    reason_code = models.CharField(max_length=40, blank=True, help_text="Of the card scheme")
    debited_units = models.BigIntegerField(default=0, help_text="Taken back at present, ledger units")
    owed_units = models.BigIntegerField(default=0, help_text="Of that, what the player did not have: a receivable")
    fee_units = models.BigIntegerField(default=0, help_text="What the provider charged for it, ledger units")
    debits = models.PositiveSmallIntegerField(default=0)
    credits = models.PositiveSmallIntegerField(default=0)
    respond_by = models.DateTimeField(null=True, help_text="Until when evidence may be handed in")
    warned_at = models.DateTimeField(null=True, help_text="When somebody was told that time runs out")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["respond_by"], condition=Q(status="opened"), name="payments_dispute_to_answer"),
        )
        constraints = (
            models.UniqueConstraint(fields=("deposit", "reference"), name="payments_dispute_once"),
            models.CheckConstraint(
                condition=Q(status__in=("opened", "challenged", "expired", "accepted", "cancelled", "lost", "won")),
                name="payments_dispute_status",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=("pre_dispute", "dispute", "pre_arbitration", "arbitration")),
                name="payments_dispute_stage",
            ),
            models.CheckConstraint(
                condition=Q(debited_units__gte=0, owed_units__gte=0, fee_units__gte=0), name="payments_dispute_amounts"
            ),
        )
        permissions = (("answer_dispute", "Can defend and accept disputes, and ask for evidence packs"),)

    def __str__(self) -> str:
        return f"dispute {self.reference}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to say something."""
        return self.status in self.OPEN


class DisputeEvent(models.Model):
    """One thing that was said in a dispute, and the money it moved: a ledger line each. Never altered."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events")
    word = models.CharField(max_length=64)
    stage = models.CharField(max_length=16, blank=True, help_text="As this event has it")
    status = models.CharField(max_length=12, blank=True)
    units = models.BigIntegerField(default=0, help_text="Taken from us (below zero) or given back, ledger units")
    fee_units = models.BigIntegerField(default=0, help_text="Charged for it, ledger units")
    transaction_id = models.UUIDField(null=True)
    event_id = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        """As it came."""

        ordering = ("id",)

    def __str__(self) -> str:
        return self.word


class EvidencePack(models.Model):
    """All that speaks for us in one dispute, as one ZIP. Built by a task; kept with its hash."""

    class State(models.TextChoices):
        """How far the task is."""

        QUEUED = "queued", "Queued"
        BUILDING = "building", "Being built"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="packs")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Per cent")
    section = models.CharField(max_length=40, blank=True, help_text="What is being collected")
    error = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0, help_text="Bytes")
    manifest = models.JSONField(default=dict)
    content = models.BinaryField(null=True, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "building", "ready", "failed")), name="payments_evidencepack_state"
            ),
            models.CheckConstraint(
                condition=Q(state="ready", content__isnull=False) | (~Q(state="ready") & Q(content=None)),
                name="payments_evidencepack_content",
            ),
            models.UniqueConstraint(
                fields=("dispute",), condition=Q(state__in=("queued", "building")), name="payments_evidencepack_one"
            ),
        )
        permissions = (("download_evidencepack", "Can download evidence packs, which hold personal data"),)

    def __str__(self) -> str:
        return f"evidence {self.public_id}"


class EvidenceDownload(models.Model):
    """Who took a copy of a pack, and when. Never altered."""

    pack = models.ForeignKey(EvidencePack, on_delete=models.PROTECT, related_name="downloads")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    remote_address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField()

    class Meta:
        """As it happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.actor_id} {self.at:%Y-%m-%d %H:%M}"


class DisputeAnswer(models.Model):
    """What we answered to a dispute: committed before it is sent, repeated as it is until the outcome is known."""

    class Kind(models.TextChoices):
        """What we say."""

        DEFEND = "defend", "Defend"
        ACCEPT = "accept", "Accept"

    class State(models.TextChoices):
        """What is known of it."""

        QUEUED = "queued", "Queued"
        SENDING = "sending", "Being sent"
        DONE = "done", "Accepted by the provider"
        REFUSED = "refused", "Refused by the provider"
        UNKNOWN = "unknown", "Unknown: it is sent again"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="answers")
    kind = models.CharField(max_length=8, choices=Kind)
    reason_code = models.CharField(max_length=60, blank=True, help_text="The provider's defence reason")
    pack = models.ForeignKey(EvidencePack, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    error = models.CharField(max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        """As they were given; one under way at a time."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "sending", "done", "refused", "unknown")),
                name="payments_disputeanswer_state",
            ),
            models.CheckConstraint(condition=Q(kind__in=("defend", "accept")), name="payments_disputeanswer_kind"),
            models.UniqueConstraint(
                fields=("dispute",),
                condition=Q(state__in=("queued", "sending", "unknown")),
                name="payments_disputeanswer_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.dispute_id}"
