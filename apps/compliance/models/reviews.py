"""Quality reviews of closed cases: which were drawn, and what a person who had no part in them found."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.compliance.models.cases import Case

_USER = settings.AUTH_USER_MODEL


class CaseReview(models.Model):
    """One closing of a case that was drawn by chance. Who closed it does not know; who reviews it had no part in it."""

    class Verdict(models.TextChoices):
        """What the review found."""

        WAITING = "waiting", "To be reviewed"
        SOUND = "sound", "Sound"
        POORLY_TOLD = "poorly_told", "Right, but the file does not show why"
        WRONG = "wrong", "Should have ended otherwise"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reviews")
    resolution = models.CharField(max_length=24, help_text="As it was closed then")
    closed_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    drawn_at = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict, default=Verdict.WAITING)
    note = models.CharField(max_length=1000, blank=True)
    reviewer = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        """Nobody reviews themselves; once given, a verdict stands."""

        ordering = ("id",)
        verbose_name = "quality review"
        constraints = (
            models.CheckConstraint(
                condition=Q(verdict="waiting", reviewer=None, reviewed_at=None)
                | Q(verdict__in=("sound", "poorly_told", "wrong"), reviewer__isnull=False, reviewed_at__isnull=False),
                name="compliance_casereview_verdict",
            ),
            models.CheckConstraint(
                condition=Q(reviewer=None) | Q(closed_by=None) | ~Q(reviewer=models.F("closed_by")),
                name="compliance_casereview_second_person",
            ),
        )
        indexes = (models.Index(fields=["id"], condition=Q(verdict="waiting"), name="compliance_casereview_waiting"),)
        permissions = (("review_closed_case", "Reviews the quality of closed cases"),)

    def __str__(self) -> str:
        return f"Review {self.pk}"
