"""Accounts, cards and wallets of players, and what became known of each."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.payments.models.routing import PaymentMethod
from apps.players.models import Player


class Instrument(models.Model):
    """An account, card or wallet of a player, known by a token; never a card number."""

    class Verification(models.TextChoices):
        """Whether it is the player's own."""

        UNVERIFIED = "unverified", "Not known to be the player's own"
        VERIFIED = "verified", "The player's own"
        MISMATCH = "mismatch", "In another name"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="instruments")
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="+")
    integration = models.ForeignKey(
        Integration,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Whose token it is; empty: anybody's",
    )
    token = models.CharField(max_length=200)
    masked = models.CharField(max_length=80, blank=True)
    holder = models.CharField(max_length=160, blank=True)
    name_score = models.PositiveSmallIntegerField(
        null=True, help_text="How alike holder and player are called, 0 to 100; empty: no holder is known"
    )
    verification = models.CharField(max_length=10, choices=Verification, default=Verification.UNVERIFIED)
    is_shared = models.BooleanField(default=False, help_text="Another player uses the same one")
    is_blocked = models.BooleanField(default=False, help_text="Money came back from it, or staff blocked it")
    changed_at = models.DateTimeField(help_text="First seen, or last changed")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    first_used_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        """Last used first."""

        ordering = ("-last_used_at", "-id")
        indexes = (models.Index(fields=["token", "method"], name="payments_instrument_token"),)
        constraints = (
            models.UniqueConstraint(
                fields=("player", "method", "integration", "token"),
                nulls_distinct=False,
                name="payments_instrument_once",
            ),
            models.CheckConstraint(
                condition=Q(verification__in=("unverified", "verified", "mismatch")),
                name="payments_instrument_verification",
            ),
            models.CheckConstraint(
                condition=Q(name_score=None) | Q(name_score__lte=100), name="payments_instrument_score"
            ),
        )
        permissions = (("judge_instrument", "Can verify, reject, block and unblock payment instruments"),)

    def __str__(self) -> str:
        return f"{self.method_id.replace('_', ' ').capitalize()} {self.masked}".strip()

    @property
    def fingerprint(self) -> str:
        """The same for all players who use one account or card; without our key it tells nobody which that is."""
        named = f"{self.method_id}|{self.integration_id}|{self.token}"
        return salted_hmac("apps.payments.instrument", named, algorithm="sha256").hexdigest()[:32]

    @property
    def is_verified(self) -> bool:
        """Known to be the player's own."""
        return self.verification == self.Verification.VERIFIED


class InstrumentEvent(models.Model):
    """What became known of an instrument, from whom, and what it was taken for afterwards. Never altered."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="events")
    name = models.SlugField(max_length=24, help_text="added, changed, verified, mismatch, blocked, unblocked, returned")
    verification = models.CharField(max_length=10, help_text="Afterwards")
    name_score = models.PositiveSmallIntegerField(null=True)
    source = models.SlugField(max_length=40, help_text="deposit, provider, player, staff, payout")
    note = models.CharField(max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """As it happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.name} {self.instrument_id}"
