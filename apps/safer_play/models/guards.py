"""What the posting function reads and writes with each bet of a guarded player; see `guarding` and `sql/`."""

from datetime import UTC, datetime

from django.db import models
from django.db.models.functions import Now

from apps.players.models import Player

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Until somebody ends it."""


class Guard(models.Model):
    """
    Everything that bears on a player's bets, in one row. Most players have none, and their bets cost one look-up.

    It only repeats what limits, exclusions, reality checks and policies say; `guarding.refresh_guard` writes it anew. A
    change of the row waits for the player's bets in flight and keeps new ones out until it is committed.
    """

    player = models.OneToOneField(Player, primary_key=True, on_delete=models.PROTECT, related_name="guard")
    excluded_until = models.DateTimeField(null=True, help_text="No bet before; year 9999 until somebody ends it")
    paused_until = models.DateTimeField(null=True, help_text="A pause that the law forces")
    check_due_at = models.DateTimeField(
        null=True, help_text="From here on no bet until a reality check is acknowledged"
    )
    needs_limit = models.BooleanField(
        default=False, help_text="The law allows no play without a limit, and none is set"
    )
    has_limits = models.BooleanField(default=False)
    product_rules = models.JSONField(
        default=list, help_text="Per game category: largest stake and shortest cycle that the law allows"
    )
    counts_since = models.DateTimeField(null=True, help_text="The tally is complete from here on; empty: none is kept")

    class Meta:
        ordering = ("player_id",)

    def __str__(self) -> str:
        return f"guard of player {self.player_id}"


class Tally(models.Model):
    """
    What a guarded player staked and won in one minute or hour, in ledger units. Derived; see `sql/tally.sql`.

    A bet taken back counts as never made: in the bucket of the bet.
    """

    pk = models.CompositePrimaryKey("player_id", "currency", "grain", "bucket")
    player_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    grain = models.CharField(max_length=1, choices=(("h", "Hour"), ("m", "Minute")))
    bucket = models.DateTimeField()
    staked = models.BigIntegerField(default=0)
    own_staked = models.BigIntegerField(default=0, help_text="Of it from cash and restricted: the player's own money")
    own_won = models.BigIntegerField(default=0, help_text="Won into cash and restricted")

    def __str__(self) -> str:
        return f"{self.player_id} {self.currency} {self.bucket}"


class Pace(models.Model):
    """The last round that a guarded player began at a game, for the shortest time between two."""

    pk = models.CompositePrimaryKey("player_id", "game_id")
    player_id = models.BigIntegerField()
    game_id = models.BigIntegerField()
    round_ref = models.TextField()
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.player_id} at {self.game_id}"


class Refusal(models.Model):
    """A bet or deposit that was refused for the player's protection: which rule bound, and when it gives way."""

    class Subject(models.TextChoices):
        """What was refused."""

        BET = "bet", "Bet"
        DEPOSIT = "deposit", "Deposit"
        LAUNCH = "launch", "Launch"

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    subject = models.CharField(max_length=8, choices=Subject)
    rule = models.CharField(max_length=24, help_text="deposit, loss, wager, session, stake, product_stake, pace, …")
    limit_id = models.BigIntegerField(null=True)
    period = models.CharField(max_length=8, blank=True)
    currency = models.CharField(max_length=8, blank=True)
    asked_units = models.BigIntegerField(null=True)
    headroom_units = models.BigIntegerField(null=True, help_text="Ledger units, or seconds of a session limit")
    returns_at = models.DateTimeField(null=True)
    policy_version_id = models.BigIntegerField(null=True)
    request_id = models.UUIDField(null=True)
    refused_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["player", "-id"], name="safer_play_refusal_by_player"),)

    def __str__(self) -> str:
        return f"{self.subject} refused: {self.rule}"
