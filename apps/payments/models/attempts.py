"""What was asked of providers, and each step that a payment took. Money is in the ledger."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.integrations.models import Integration
from apps.payments.models.contracts import PspContract
from apps.payments.models.deposits import Deposit
from apps.payments.models.refunds import Refund
from apps.payments.models.withdrawals import Withdrawal

OPEN_ATTEMPTS = ("sending", "accepted", "unknown")


class Attempt(models.Model):
    """
    One order given to one provider, committed before it is sent. `key` is the idempotency key there, for ever.

    Found `sending` after a crash it counts as unknown.
    """

    class State(models.TextChoices):
        """What is known of it."""

        SENDING = "sending", "Being sent"
        ACCEPTED = "accepted", "Accepted"
        UNKNOWN = "unknown", "Unknown"
        REFUSED = "refused", "Certainly not done"
        DONE = "done", "Done"

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="attempts")
    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, null=True, related_name="attempts")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(
        PspContract, on_delete=models.PROTECT, null=True, related_name="+", help_text="The terms it ran under"
    )
    number = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=64, unique=True)
    psp_reference = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.SENDING)
    error = models.CharField(max_length=300, blank=True)
    queries = models.PositiveSmallIntegerField(default=0, help_text="How often the provider was asked about it")
    next_query_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        """At most one attempt of a withdrawal is alive."""

        ordering = ("id",)
        indexes = (
            models.Index(fields=["next_query_at"], condition=~Q(next_query_at=None), name="payments_attempt_due"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(deposit__isnull=True, withdrawal__isnull=False)
                | Q(deposit__isnull=False, withdrawal__isnull=True),
                name="payments_attempt_of_one",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("sending", "accepted", "unknown", "refused", "done")),
                name="payments_attempt_state",
            ),
            models.UniqueConstraint(
                fields=("withdrawal",),
                condition=Q(withdrawal__isnull=False, state__in=OPEN_ATTEMPTS),
                name="payments_attempt_one_alive",
            ),
            models.UniqueConstraint(
                fields=("integration", "psp_reference"), condition=~Q(psp_reference=""), name="payments_attempt_psp"
            ),
        )

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"


class PaymentStep(models.Model):
    """
    One thing that happened to a payment, by whom, and the posting it made: one row each, never altered.

    For a provider's event (`event_id`) its uniqueness is what makes the event count once.
    """

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="steps")
    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, null=True, related_name="steps")
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, related_name="steps", help_text="Beside its deposit"
    )
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="+")
    event_id = models.CharField(max_length=200, blank=True)
    name = models.SlugField(max_length=40)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12, blank=True)
    transaction_id = models.UUIDField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    details = models.JSONField(default=dict)
    is_incident = models.BooleanField(default=False, help_text="Somebody should look at it")
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """As it happened."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "event_id"), condition=~Q(event_id=""), name="payments_paymentstep_event"
            ),
            models.CheckConstraint(
                condition=Q(deposit__isnull=True) | Q(withdrawal__isnull=True), name="payments_paymentstep_of_one"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.from_state} → {self.to_state}"
