"""Vendors we are connected to: connections, their keys, and the log of every exchange with them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords


class Integration(models.Model):
    """
    One configured connection: vendor + brand + environment.

    The slug is the `{integration}` of our URLs. `options` hold the dialect of this connection (see the adapter's
    own table of settings and defaults); they never hold a secret.
    """

    class Kind(models.TextChoices):
        GAMES = "games", "Game provider"
        PAYMENTS = "payments", "Payment provider"
        IDENTITY = "identity", "Identity vendor"

    class Environment(models.TextChoices):
        TEST = "test", "Test"
        LIVE = "live", "Live"

    class Switch(models.TextChoices):
        """What a kill switch lets through."""

        ON = "on", "On"
        NO_NEW_PLAY = "no_new_play", "No new play: launches and debits refused, wins and rollbacks accepted"
        OFF = "off", "Off: every call refused"

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    vendor = models.SlugField(max_length=40, help_text="Which adapter speaks for it, e.g. hub88")
    kind = models.CharField(max_length=16, choices=Kind)
    brand_code = models.SlugField(max_length=40)
    environment = models.CharField(max_length=8, choices=Environment, default=Environment.TEST)
    base_url = models.URLField(max_length=300, blank=True, help_text="The vendor's API, which we call")
    options = models.JSONField(default=dict, blank=True)
    switch = models.CharField(max_length=16, choices=Switch, default=Switch.ON)
    switch_reason = models.CharField(max_length=300, blank=True)
    switch_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("slug",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(switch__in=("on", "no_new_play", "off")), name="integrations_integration_switch"
            ),
        )
        permissions = (("switch_integration", "Can use the kill switch of an integration"),)

    def __str__(self) -> str:
        return self.slug


class Credential(models.Model):
    """
    One key or secret of an integration, encrypted at rest and never shown again after entry.

    Several of one purpose may be valid at once, so that keys rotate without downtime: verification tries every
    active one, signing uses the one activated last.
    """

    class Purpose(models.TextChoices):
        VERIFY_INBOUND = "verify_inbound", "Verifies what the vendor sends"
        SIGN_OUTBOUND = "sign_outbound", "Signs what we send"
        API_ACCESS = "api_access", "Lets us into the vendor's API"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="credentials")
    kid = models.CharField(max_length=64, help_text="Key id, written beside each exchange that it verified or signed")
    purpose = models.CharField(max_length=20, choices=Purpose)
    name = models.CharField(max_length=40, default="", blank=True, help_text="Which of several, e.g. casino_key")
    ciphertext = models.BinaryField(editable=False)
    master_kid = models.CharField(max_length=64, editable=False, help_text="Master key that encrypts it")
    fingerprint = models.CharField(max_length=64, editable=False, help_text="First 16 hex digits of its SHA-256")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    activated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("integration_id", "purpose", "-activated_at")
        constraints = (
            models.UniqueConstraint(fields=("integration", "kid"), name="integrations_credential_kid"),
        )
        permissions = (("rotate_credential", "Can add and revoke credentials"),)

    def __str__(self) -> str:
        return f"{self.integration_id}:{self.kid}"


class Exchange(models.Model):
    """
    One HTTP request to or from a vendor, as it was on the wire; secrets in headers masked.

    Its id is the request id of the whole platform. A row for a request that may move money is written by the posting
    function, in the transaction that moves it. Partitioned by month of id; append-only; see `sql/exchanges.sql`.
    """

    class Direction(models.TextChoices):
        INBOUND = "in", "From the vendor"
        OUTBOUND = "out", "To the vendor"

    id = models.UUIDField(primary_key=True)
    started_at = models.DateTimeField()
    integration_id = models.IntegerField(null=True)
    direction = models.CharField(max_length=3, choices=Direction)
    method = models.CharField(max_length=8)
    path = models.TextField()
    headers = models.JSONField()
    body = models.BinaryField()
    remote_address = models.CharField(max_length=45, blank=True)
    verified_by = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=32, blank=True)
    player_id = models.BigIntegerField(null=True)
    round_id = models.BigIntegerField(null=True)
    transaction_id = models.UUIDField(null=True)
    parent_id = models.UUIDField(null=True, help_text="Our request in whose service an outbound call was made")

    class Meta:
        managed = False
        db_table = "integrations_exchange"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ExchangeReply(models.Model):
    """What answered an `Exchange`, and every id by which somebody may look for it. Same id, same partitioning."""

    exchange = models.OneToOneField(
        Exchange, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="reply", db_column="id"
    )
    status = models.SmallIntegerField(null=True, help_text="HTTP status; empty when no answer came")
    headers = models.JSONField()
    body = models.BinaryField()
    duration_us = models.IntegerField(help_text="Microseconds from first byte to answer")
    verb = models.CharField(max_length=32, blank=True, help_text="The protocol's word: bet, win, rollback …")
    outcome = models.CharField(max_length=32, blank=True)
    error = models.TextField(blank=True)
    refs = ArrayField(models.TextField(), default=list)
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "integrations_exchangereply"

    def __str__(self) -> str:
        return f"{self.status} {self.outcome}"
