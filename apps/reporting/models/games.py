"""Projections of the ledger by game, and alerts about return to player."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.providers.models import Game, RtpVariant

_USER = settings.AUTH_USER_MODEL


class GameDay(models.Model):
    """
    What a game took and paid on one day (UTC) at one brand in one currency, in ledger units; made of the ledger.

    Money stands on the day of its posting, rounds on the day on which they were opened.
    """

    day = models.DateField()
    brand_id = models.BigIntegerField()
    integration_id = models.IntegerField()
    game_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    bets = models.BigIntegerField(default=0)
    staked = models.BigIntegerField(default=0)
    returned = models.BigIntegerField(default=0, help_text="Stakes given back: rollbacks and voids")
    won = models.BigIntegerField(default=0)
    won_back = models.BigIntegerField(default=0, help_text="Wins taken back")
    rounds = models.BigIntegerField(default=0)
    winning_rounds = models.BigIntegerField(default=0)

    class Meta:
        """One row a game, day, brand and currency; newest first."""

        ordering = ("-day", "game_id", "id")

        constraints = (
            models.UniqueConstraint(
                fields=("day", "brand_id", "integration_id", "game_id", "currency"), name="reporting_gameday_once"
            ),
        )

    def __str__(self) -> str:
        return f"game {self.game_id} on {self.day}"


class RtpDay(models.Model):
    """
    How the rounds of one cell returned, by the day on which they were opened; made of the ledger.

    A round's return is won / staked in millionths, so that stakes and currencies weigh the same.
    """

    class Band(models.TextChoices):
        """By minor units of the currency (cents; whole yen)."""

        LOW = "low", "below 1"
        MIDDLE = "middle", "1 to 10"
        HIGH = "high", "10 to 100"
        TOP = "top", "100 and more"

    day = models.DateField()
    game_id = models.BigIntegerField()
    variant_id = models.BigIntegerField(default=0, help_text="0: none is known")
    band = models.CharField(max_length=6, choices=Band)
    channel = models.CharField(max_length=8)
    brand_id = models.BigIntegerField()
    rounds = models.BigIntegerField(default=0)
    returned_ppm = models.DecimalField(max_digits=38, decimal_places=0, default=0)
    returned_ppm_squares = models.DecimalField(max_digits=60, decimal_places=0, default=0)
    changed_at = models.DateTimeField()

    class Meta:
        """One row a cell and day."""

        constraints = (
            models.UniqueConstraint(
                fields=("day", "game_id", "variant_id", "band", "channel", "brand_id"), name="reporting_rtpday_once"
            ),
        )
        indexes = (
            models.Index(fields=["game_id", "variant_id", "day"], name="reporting_rtpday_game"),
            models.Index(fields=["changed_at"], name="reporting_rtpday_changed"),
        )

    def __str__(self) -> str:
        return f"game {self.game_id} on {self.day}: {self.rounds} rounds"


class RtpBaseline(models.Model):
    """From which day on a variant's life is measured: after a repair, what was wrong before must not count any more."""

    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="+")
    variant_id = models.BigIntegerField(default=0)
    since = models.DateField()
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        """The newest counts."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return f"since {self.since}"


class RtpAlert(models.Model):
    """
    The case of a game whose return left its tolerance: opened by the monitor, decided by game operations.

    One open alert a game, variant and direction; whatever else is seen meanwhile becomes evidence of it.
    """

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "Open"
        TAKEN = "taken", "Being looked into"
        CONFIRMED = "confirmed", "Error confirmed: a key event"
        DISMISSED = "dismissed", "No error"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="rtp_alerts")
    variant = models.ForeignKey(RtpVariant, on_delete=models.SET_NULL, null=True, related_name="+")
    direction = models.CharField(max_length=4, choices=(("high", "Pays too much"), ("low", "Pays too little")))
    declared_ppm = models.PositiveIntegerField()
    measured_ppm = models.PositiveIntegerField(help_text="When it was opened")
    rounds = models.PositiveBigIntegerField(help_text="Likewise")
    state = FSMField(max_length=9, choices=State, default=State.OPEN, protected=True)
    opened_at = models.DateTimeField()
    holder = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=2000, blank=True)
    suspended_at = models.DateTimeField(null=True, help_text="When the game was suspended from here")

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        permissions = (("decide_rtpalert", "Can take over and decide alerts about return to player"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("open", "taken", "confirmed", "dismissed")), name="reporting_rtpalert_state"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("confirmed", "dismissed"))
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="reporting_rtpalert_decided",
            ),
            models.UniqueConstraint(
                fields=("game", "variant", "direction"),
                condition=Q(state__in=("open", "taken")),
                nulls_distinct=False,
                name="reporting_rtpalert_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.game}: {self.get_direction_display().lower()}"

    @transition(field=state, source=State.OPEN, target=State.TAKEN)
    def take(self, *, by: User, at: datetime) -> None:
        """Somebody looks after it."""
        self.holder, self.taken_at = by, at

    @transition(field=state, source=(State.OPEN, State.TAKEN), target=State.CONFIRMED)
    def confirm(self, *, by: User, at: datetime, finding: str) -> None:
        """The game was wrong."""
        self.decided_by, self.decided_at, self.finding = by, at, finding

    @transition(field=state, source=(State.OPEN, State.TAKEN), target=State.DISMISSED)
    def dismiss(self, *, by: User, at: datetime, finding: str) -> None:
        """The game was right."""
        self.decided_by, self.decided_at, self.finding = by, at, finding


class RtpEvidence(models.Model):
    """What the monitor saw when a cell stood outside its band: one row a cell, measurement and day. Never altered."""

    alert = models.ForeignKey(RtpAlert, on_delete=models.PROTECT, related_name="evidence")
    span = models.CharField(max_length=5, choices=(("life", "since measuring began"), ("month", "this month")))
    band = models.CharField(max_length=6, blank=True, help_text="Empty: all together")
    channel = models.CharField(max_length=8, blank=True)
    brand_id = models.BigIntegerField(null=True)
    day = models.DateField(help_text="Day (UTC) of the look")
    since = models.DateField()
    rounds = models.BigIntegerField()
    measured_ppm = models.BigIntegerField()
    declared_ppm = models.BigIntegerField()
    tolerance_ppm = models.BigIntegerField()
    deviation = models.DecimalField(max_digits=12, decimal_places=6, help_text="Of a round's return, in stakes")
    alarm_chance = models.DecimalField(max_digits=12, decimal_places=10)
    seen_at = models.DateTimeField()

    class Meta:
        """Oldest first: it tells how it went."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("alert", "span", "band", "channel", "brand_id", "day"),
                nulls_distinct=False,
                name="reporting_rtpevidence_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rounds} rounds at {self.measured_ppm / 10_000:.2f} %"

    def band_words(self) -> str:
        """The stake band in words, in main units of most currencies; empty for all."""
        return f"stakes {RtpDay.Band(self.band).label}" if self.band else ""
