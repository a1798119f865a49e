"""What every contract with a vendor keeps beside its terms."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.integrations.models import Integration

_USER = settings.AUTH_USER_MODEL


class VendorContract(models.Model):
    """
    One version of the terms with a vendor. It is never altered: what changes is a new version from a time on.

    In force is the version that began last, unless it has run out. Whatever ran under a version names it. A concrete
    contract adds `integration`, `valid_from` and `valid_to` (days or instants), and its terms.
    """

    integration: "models.ForeignKey[Integration, Integration]"
    valid_from: Any
    valid_to: Any
    version = models.PositiveIntegerField()
    legal_entity = models.CharField(max_length=120, blank=True, help_text="Which of our companies signed")
    note = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        """Newest first; the rules hold in the database, whoever writes."""

        abstract = True
        ordering = ("-valid_from",)
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.UniqueConstraint(fields=("integration", "valid_from"), name="%(app_label)s_%(class)s_once"),
            models.UniqueConstraint(fields=("integration", "version"), name="%(app_label)s_%(class)s_version"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="%(app_label)s_%(class)s_period"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("added_by")), name="%(app_label)s_%(class)s_four_eyes"
            ),
        )
