"""Tables of the plumbing: the sandbox's clock offset and the stored answers to idempotent requests."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q


class ClockOffset(models.Model):
    """By how much the sandbox has moved the business clock forward; one row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    clock_offset = models.DurationField(default=timedelta(0))

    class Meta:
        """One row, never negative."""

        verbose_name = "clock offset"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="core_clockoffset_single_row"),
            models.CheckConstraint(
                condition=Q(clock_offset__gte=timedelta(0)), name="core_clockoffset_never_backwards"
            ),
        ]

    def __str__(self) -> str:
        return f"+{self.clock_offset}"


class IdempotencyKey(models.Model):
    """
    The answer that one idempotent request got, kept to be given again.

    The row is inserted in the transaction of the request's effect, so either both exist or neither.
    """

    class State(models.TextChoices):
        """``running`` is seen only inside the request's own transaction."""

        RUNNING = "running"
        FINISHED = "finished"

    scope = models.CharField(max_length=128, help_text="The principal, e.g. player:<id>")
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=512)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of the canonical body")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=128, blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        """A key means one thing to one principal on one path."""

        verbose_name = "idempotency key"
        constraints = [
            models.UniqueConstraint(fields=["scope", "method", "path", "key"], name="core_idempotencykey_once"),
            models.CheckConstraint(
                condition=Q(state="running", status__isnull=True, body__isnull=True)
                | Q(state="finished", status__isnull=False, body__isnull=False),
                name="core_idempotencykey_finished_has_answer",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="core_idempotencykey_expires_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.method} {self.path} {self.key}"
