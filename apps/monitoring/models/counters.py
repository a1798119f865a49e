"""What monitoring counts: buckets of metrics, single events that are no play, links between people, peer figures."""

from django.db import models
from django.db.models import Q


class Counter(models.Model):
    """
    What a player did of one kind in one bucket of time, in one currency.

    Written by `sql/feed.sql`, once per ledger transaction or fact, in any order; `rebuild_counters` proves it. A `span`
    is a day, an hour, or a slot of five minutes (play only); all begin on the clock in UTC.
    """

    class Span(models.TextChoices):
        """How long a bucket is."""

        DAY = "d", "Day"
        HOUR = "h", "Hour"
        SLOT = "s", "Five minutes"

    pk = models.CompositePrimaryKey("player_id", "metric", "span", "bucket_start", "currency")
    player_id = models.BigIntegerField()
    metric = models.CharField(max_length=32)
    span = models.CharField(max_length=1, choices=Span)
    bucket_start = models.DateTimeField()
    currency = models.CharField(max_length=8)
    total = models.BigIntegerField(help_text="Ledger units; rollbacks and releases count below zero")
    times = models.IntegerField()
    largest = models.BigIntegerField()

    class Meta:
        """Read by player and metric; whole days of all players are read for peer figures."""

        indexes = (
            models.Index(fields=["metric", "bucket_start"], condition=Q(span="d"), name="monitoring_counter_days"),
        )

    def __str__(self) -> str:
        return f"{self.metric} of player {self.player_id} at {self.bucket_start}"


class Observation(models.Model):
    """
    One event that is not play: a deposit, a withdrawal, a failed attempt, a raised limit, a log-in. Append-only.

    `source` names the ledger transaction or the fact it stands for and is unique: nothing is taken in twice.
    """

    player_id = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    at = models.DateTimeField(help_text="Business time")
    units = models.BigIntegerField(null=True, help_text="Ledger units; below zero when it takes an earlier one back")
    currency = models.CharField(max_length=8, blank=True)
    subject = models.CharField(max_length=80, blank=True, help_text="Public id of what it is about")
    data = models.JSONField(default=dict)
    source = models.CharField(max_length=90, unique=True)

    class Meta:
        """Read by player, kind and time."""

        ordering = ("at", "id")
        indexes = (
            models.Index(fields=["player_id", "kind", "at"], name="monitoring_observation_player"),
            models.Index(fields=["at"], name="monitoring_observation_at"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of player {self.player_id}"


class Link(models.Model):
    """A player seen with an instrument, a device, an address or a product: when first, when last, how often."""

    player_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    value = models.CharField(max_length=80, help_text="A fingerprint; never the thing itself")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField()

    class Meta:
        """Who else was seen with the same."""

        constraints = (models.UniqueConstraint(fields=("player_id", "kind", "value"), name="monitoring_link_once"),)
        indexes = (models.Index(fields=["kind", "value", "last_at"], name="monitoring_link_value"),)

    def __str__(self) -> str:
        return f"{self.kind} of player {self.player_id}"


class PeerFigure(models.Model):
    """What players like this one do on average, worked out each night."""

    jurisdiction = models.CharField(max_length=8)
    age_band = models.CharField(max_length=8)
    product = models.CharField(max_length=40, help_text="Of most of their play; `any` where none is known")
    metric = models.CharField(max_length=32)
    days = models.PositiveSmallIntegerField()
    average = models.DecimalField(max_digits=20, decimal_places=2, help_text="Of active players, in euro")
    players = models.PositiveIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        """One figure a group."""

        constraints = (
            models.UniqueConstraint(
                fields=("jurisdiction", "age_band", "product", "metric", "days"), name="monitoring_peerfigure_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.metric} of {self.jurisdiction} {self.age_band}: {self.average}"
