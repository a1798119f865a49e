"""Lists and rates that rules read: versioned, dated, never changed in place."""

from django.db import models
from django.db.models import Q


class ReferenceList(models.Model):
    """One version of a list: countries, words, networks. The newest version is the one in use."""

    name = models.SlugField(max_length=40)
    number = models.PositiveIntegerField()
    entries = models.JSONField(help_text="A list of texts")
    source = models.CharField(max_length=300)
    loaded_at = models.DateTimeField()

    class Meta:
        """A version is never overwritten."""

        ordering = ("name", "-number")
        constraints = (models.UniqueConstraint(fields=("name", "number"), name="monitoring_referencelist_once"),)

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


class ReferenceRate(models.Model):
    """How many main units of a currency one euro was from a day on; for thresholds only, never for postings."""

    currency = models.CharField(max_length=8)
    per_euro = models.DecimalField(max_digits=28, decimal_places=12)
    valid_from = models.DateField()
    source = models.CharField(max_length=120)

    class Meta:
        """One a day."""

        ordering = ("currency", "-valid_from")
        constraints = (
            models.UniqueConstraint(fields=("currency", "valid_from"), name="monitoring_referencerate_once"),
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="monitoring_referencerate_positive"),
        )

    def __str__(self) -> str:
        return f"1 EUR = {self.per_euro} {self.currency} from {self.valid_from}"
