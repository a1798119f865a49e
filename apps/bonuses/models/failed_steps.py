"""What was due for a bonus and failed: tried again with growing pauses, and looked at by people."""

from django.db import models
from django.db.models import Q

from apps.bonuses.models.grants import Grant
from apps.bonuses.models.wagering import DepositSeen, LateCredit
from apps.brands.models import Brand


class FailedStep(models.Model):
    """One thing that is due and failed, of a grant, of late money, or of a deposit. All others go on meanwhile."""

    class Step(models.TextChoices):
        """What was to be done."""

        OFFER = "offer", "Offer what a deposit earns"
        COMPLETE = "complete", "Turn a wagered bonus into cash"
        REVERSE = "reverse", "End a bonus whose deposit went back"
        WITHDRAW = "withdraw", "End a bonus after a withdrawal"
        EXPIRE = "expire", "End a bonus whose time is over"
        USE_UP = "use_up", "End a bonus of which nothing is left"
        LATE = "late", "Pass on money that came back late"

    step = models.CharField(max_length=8, choices=Step)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="failed_steps")
    late_credit = models.ForeignKey(LateCredit, on_delete=models.PROTECT, null=True, related_name="failed_steps")
    deposit = models.ForeignKey(DepositSeen, on_delete=models.PROTECT, null=True, related_name="failed_steps")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, related_name="+")
    error = models.CharField(max_length=500)
    tries = models.PositiveSmallIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True, help_text="Empty: a person has to say so")
    settled_at = models.DateTimeField(null=True)
    settled_how = models.CharField(max_length=120, blank=True)

    class Meta:
        """Once while it is open."""

        ordering = ("-id",)
        verbose_name = "failed step"
        indexes = (models.Index(fields=["step"], condition=Q(settled_at=None), name="bonuses_failedstep_open"),)
        constraints = (
            models.UniqueConstraint(
                fields=("step", "grant", "late_credit", "deposit"),
                condition=Q(settled_at=None),
                nulls_distinct=False,
                name="bonuses_failedstep_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    step__in=("complete", "reverse", "withdraw", "expire", "use_up"),
                    grant__isnull=False, late_credit=None, deposit=None,
                )
                | Q(step="late", grant=None, late_credit__isnull=False, deposit=None)
                | Q(step="offer", grant=None, late_credit=None, deposit__isnull=False),
                name="bonuses_failedstep_subject",
            ),
        )  # fmt: skip
        permissions = (("settle_failedstep", "Can try failed steps of bonuses again or set them aside"),)

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.error[:40]}"
