"""Documents that players sent or staff filed: where the encrypted file lies, and who looked at it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.chains import ChainedRow
from apps.core.ids import uuid7
from apps.players.models import Player
from apps.verification.models.processes import Verification


class Document(models.Model):
    """One file. Its bytes lie encrypted under a random name; nothing here or there tells whose it is."""

    class Kind(models.TextChoices):
        """What it is meant to show."""

        IDENTITY = "identity", "Passport, identity card or driving licence"
        ADDRESS = "address", "Proof of address"
        SOURCE_OF_FUNDS = "source_of_funds", "Source of funds"
        SOURCE_OF_WEALTH = "source_of_wealth", "Source of wealth"
        INSTRUMENT = "instrument", "Proof that an account or card is his own"
        OTHER = "other", "Other"

    class State(models.TextChoices):
        """Whether somebody has looked."""

        RECEIVED = "received", "To be looked at"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="documents")
    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, null=True, related_name="documents")
    kind = models.CharField(max_length=20, choices=Kind)
    storage_name = models.CharField(max_length=64, unique=True, editable=False)
    master_kid = models.CharField(max_length=64, editable=False)
    content_type = models.CharField(max_length=40, help_text="As its bytes say, not as it was declared")
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the bytes as they were sent")
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True, help_text="For staff")
    uploaded_by = models.CharField(max_length=150, help_text="`player`, or the member of staff")
    uploaded_at = models.DateTimeField()

    class Meta:
        """The same file of one player is kept once."""

        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("player", "kind", "sha256"), name="verification_document_once"),
            models.CheckConstraint(
                condition=Q(state__in=("received", "accepted", "refused")), name="verification_document_state"
            ),
        )
        permissions = (
            ("open_document", "Can open players' documents, each time with a purpose"),
            ("decide_document", "Can accept or refuse documents"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of player {self.player_id}"


class EvidenceRead(ChainedRow):
    """Somebody opened a document, or a hit's comparison: written before anything is shown, never altered. Chained."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="reads")
    hit = models.ForeignKey("ScreeningHit", on_delete=models.PROTECT, null=True, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=300)
    remote_address = models.CharField(max_length=45, blank=True)
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(document__isnull=False, hit=None) | Q(document=None, hit__isnull=False),
                name="verification_evidenceread_of_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} opened {self.document_id or self.hit_id}"
