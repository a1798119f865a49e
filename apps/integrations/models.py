"""Vendors we are connected to: connections, their keys, and the log of every exchange with them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from apps.core.ids import uuid7
from apps.integrations.outgoing import models as outgoing_models  # noqa: F401 - Django finds models through this module
from apps.integrations.watch import models as watch_models  # noqa: F401 - likewise


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
        permissions = (
            ("switch_integration", "Can use the kill switch of an integration"),
            ("change_options", "Can change the settings of an integration"),
        )

    def __str__(self) -> str:
        return self.slug


class CredentialQuerySet(models.QuerySet["Credential"]):
    """Credentials by what they may be used for now."""

    def active(self, now: datetime) -> Self:
        """Those that work at that time, newest first."""
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now), activated_at__lte=now, revoked_at=None
        ).order_by("-activated_at", "-pk")


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
    fingerprint = models.CharField(
        max_length=64,
        editable=False,
        blank=True,
        help_text="First 16 hex digits of the SHA-256 of a long secret; empty for a password",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    activated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering = ("integration_id", "purpose", "-activated_at")
        constraints = (models.UniqueConstraint(fields=("integration", "kid"), name="integrations_credential_kid"),)
        permissions = (("rotate_credential", "Can add and revoke credentials"),)

    def __str__(self) -> str:
        return f"{self.integration_id}:{self.kid}"

    @property
    def context(self) -> list[str]:
        """What the ciphertext is bound to: in another row, or for another purpose, it does not decrypt."""
        return [str(self.integration_id), self.kid, self.purpose, self.name]


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
        return f"{self.method} {self.place}"

    @property
    def place(self) -> str:
        """The path without its query, which may hold personal data."""
        return self.path.partition("?")[0]


class ExchangeReply(models.Model):
    """What answered an `Exchange`, and every id by which somebody may look for it. Same id, same partitioning."""

    exchange = models.OneToOneField(
        Exchange,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="reply",
        db_column="id",
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


class IntegrationEvent(models.Model):
    """What staff or the platform did to an integration or its keys: one row for each act, never altered."""

    class Action(models.TextChoices):
        CONNECTED = "connected", "Vendor connected"
        SWITCHED = "switched", "Kill switch used"
        OPTION_SET = "option_set", "Setting changed"
        KEY_ADDED = "key_added", "Key added"
        KEY_EXPIRY_SET = "key_expiry_set", "Expiry of a key set"
        KEY_REVOKED = "key_revoked", "Key revoked"
        KEYS_REENCRYPTED = "keys_reencrypted", "Stored keys encrypted with another master key"
        EXCHANGES_DROPPED = "exchanges_dropped", "Exchanges past their retention dropped"
        EVENT_REPLAYED = "event_replayed", "Inbound event processed anew"
        TARGET_SET = "target_set", "Targets of an integration set"
        WEBHOOK_CREATED = "webhook_created", "Webhook endpoint set up"
        WEBHOOK_CHANGED = "webhook_changed", "Webhook endpoint changed"
        WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated", "Secret of a webhook endpoint rotated"
        WEBHOOK_SWITCHED = "webhook_switched", "Webhook endpoint switched"
        WEBHOOK_REPLAYED = "webhook_replayed", "Webhook messages told again"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="events")
    action = models.CharField(max_length=24, choices=Action)
    kid = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict, help_text="What changed; never a secret")
    reason = models.CharField(max_length=300, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: the platform"
    )
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["integration", "-at"], name="integrations_event_by_integr"),)

    def __str__(self) -> str:
        return f"{self.action} {self.kid}".strip()


class HealthMinute(models.Model):
    """
    How the exchanges of one minute went, by integration, direction, verb, outcome and class of outcome.

    A projection of the exchange log, made by `sql/health.sql`; it may be thrown away and made anew.
    """

    minute = models.DateTimeField()
    integration_id = models.IntegerField()
    direction = models.CharField(max_length=3)
    verb = models.CharField(max_length=32)
    outcome = models.CharField(max_length=32)
    outcome_class = models.CharField(max_length=8)
    exchanges = models.IntegerField()
    last_at = models.DateTimeField()
    duration_us_max = models.IntegerField()
    duration_us_sum = models.BigIntegerField()
    histogram = ArrayField(models.IntegerField(), help_text="Exchanges in each latency bucket")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("minute", "integration_id", "direction", "verb", "outcome", "outcome_class"),
                name="integrations_healthminute_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["integration_id", "-last_at"],
                condition=models.Q(outcome_class="success"),
                name="integrations_health_last_good",
            ),
        )

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.integration_id} {self.verb} {self.outcome}"


class LogCursor(models.Model):
    """How far a reader of the exchange log has come, in the time of the ids."""

    name = models.CharField(primary_key=True, max_length=32)
    done_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.done_until}"


class LateMinute(models.Model):
    """A mark that exchanges of this minute were written so late that it may have been counted without them."""

    minute = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.minute}"


class FactCursor(models.Model):
    """How far a follower of the outbox has read: everything up to (`next_xact`, `last_id`), in that order."""

    name = models.CharField(primary_key=True, max_length=60)
    next_xact = models.BigIntegerField(default=0)
    last_id = models.UUIDField(default=UUID(int=0))
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class InboundEvent(models.Model):
    """
    One event that a vendor told us of, kept as it came before it was answered, and how far its processing is.

    Unique for integration and event id: a second delivery is counted, not stored. The row is the queue; the broker
    only wakes somebody up. See `inbox`.
    """

    class State(models.TextChoices):
        """`unhandled` is for people: nothing was done about it, and nothing will be by itself."""

        RECEIVED = "received", "Received"
        PROCESSED = "processed", "Processed"
        PARKED = "parked", "Parked: about nothing we know, yet"
        FAILED = "failed", "Failed, to be tried again"
        UNHANDLED = "unhandled", "Not understood"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="inbound_events")
    event_id = models.CharField(max_length=300, help_text="The vendor's, the same in every delivery")
    word = models.CharField(max_length=64, blank=True, help_text="The vendor's name of it")
    references = ArrayField(models.CharField(max_length=200), default=list, help_text="What it is about: ours, theirs")
    terms_digest = models.CharField(max_length=64, help_text="SHA-256 of what it says about money")
    body = models.BinaryField(help_text="The whole request body, byte for byte")
    headers = models.JSONField(help_text="Secrets masked")
    remote_address = models.CharField(max_length=45, blank=True)
    verified_by = models.CharField(max_length=64, blank=True)
    exchange_id = models.UUIDField(help_text="The request that brought it first")
    received_at = models.DateTimeField()
    deliveries = models.PositiveIntegerField(default=1)
    last_delivered_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    result = models.CharField(max_length=32, blank=True, help_text="What processing did")
    error = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, help_text="A worker is at it; afterwards it counts as killed")
    next_attempt_at = models.DateTimeField(null=True, help_text="Empty: only a person or its payment wakes it")
    processed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("integration", "event_id"), name="integrations_inboundevent_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=("received", "processed", "parked", "failed", "unhandled")),
                name="integrations_inboundevent_state",
            ),
        )
        indexes = (
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state__in=("received", "parked", "failed")),
                name="integrations_inbound_due",
            ),
            models.Index(
                fields=["state", "-id"],
                condition=~models.Q(state="processed"),
                name="integrations_inbound_open",
            ),
        )
        permissions = (("replay_inboundevent", "Can process inbound events anew"),)

    def __str__(self) -> str:
        return f"{self.word} {self.event_id}".strip()
