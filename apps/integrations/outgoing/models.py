"""Where facts are told, what has to be told there, and every try to do so."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7


class WebhookEndpoint(models.Model):
    """An address of an operator's system that is told what happens at one brand."""

    class State(models.TextChoices):
        """Whether anything is sent there."""

        ON = "on", "On"
        OFF = "off", "Off"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    brand_code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=80), help_text="What it is told; a name that ends in .* is a family")
    state = models.CharField(max_length=3, choices=State, default=State.ON)
    state_reason = models.CharField(max_length=300, blank=True)
    next_sequence = models.BigIntegerField(default=1)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="The receiver asked for a pause")
    failing_since = models.DateTimeField(null=True, blank=True, help_text="The first failure since the last success")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        """The rules hold in the database."""

        ordering = ("brand_code", "name")
        permissions = (("manage_webhookendpoint", "Can set up webhook endpoints, rotate their secrets and replay"),)
        constraints = (
            models.UniqueConstraint(fields=("brand_code", "name"), name="integrations_webhookendpoint_name"),
            models.CheckConstraint(condition=Q(state__in=("on", "off")), name="integrations_webhookendpoint_state"),
        )

    def __str__(self) -> str:
        return f"{self.brand_code}: {self.name}"


class WebhookSecret(models.Model):
    """A signing secret of an endpoint, encrypted. During a rotation two are valid and both sign."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="secrets")
    kid = models.CharField(max_length=40)
    ciphertext = models.BinaryField(editable=False)
    master_kid = models.CharField(max_length=40, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first: it signs first."""

        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("endpoint", "kid"), name="integrations_webhooksecret_kid"),)

    def __str__(self) -> str:
        return self.kid

    @property
    def context(self) -> list[str]:
        """What the ciphertext is bound to: in another row it does not decrypt."""
        return ["webhook", str(self.endpoint_id), self.kid]


class WebhookMessage(models.Model):
    """One fact for one endpoint. Its body is written once; only the signature's time differs between tries."""

    class State(models.TextChoices):
        """What became of it."""

        PENDING = "pending", "To be delivered"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(
        primary_key=True, default=uuid7, editable=False, help_text="webhook-id, the same in every try"
    )
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="messages")
    sequence = models.BigIntegerField(help_text="Counts up by one for each message of the endpoint")
    fact_id = models.UUIDField()
    kind = models.CharField(max_length=80)
    ordering_key = models.CharField(max_length=60, help_text="Messages with the same key are told in order")
    body = models.TextField()
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["next_attempt_at"], condition=Q(state="pending"), name="integrations_webhook_due"),
            models.Index(
                fields=["endpoint", "ordering_key", "sequence"],
                condition=Q(state="pending"),
                name="integrations_webhook_in_order",
            ),
            models.Index(fields=["endpoint", "-sequence"], name="integrations_webhook_of_end"),
        )
        constraints = (
            models.UniqueConstraint(fields=("endpoint", "fact_id"), name="integrations_webhookmessage_once"),
            models.UniqueConstraint(fields=("endpoint", "sequence"), name="integrations_webhookmessage_seq"),
            models.CheckConstraint(
                condition=Q(state__in=("pending", "delivered", "failed")), name="integrations_webhookmessage_state"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.sequence}"


class WebhookAttempt(models.Model):
    """One try to deliver a message: the delivery log. Append-only."""

    message = models.ForeignKey(WebhookMessage, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status; empty: no answer")
    duration_ms = models.PositiveIntegerField()
    error = models.CharField(max_length=300, blank=True)
    answer = models.CharField(max_length=500, blank=True, help_text="The beginning of the answer's body")
    signed_by = models.CharField(max_length=100, blank=True, help_text="Ids of the secrets that signed it")

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return f"try {self.number}: {self.status or self.error}"
