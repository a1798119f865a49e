"""Rounds of games, what we did to them, and the published policies by which we do it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.brands.models import Brand, Jurisdiction
from apps.compliance.models import ApprovalRequest


class Round(models.Model):
    """
    One round of a game, as its vendor names it (unique only with game and player).

    Written by the posting functions only. Amounts in ledger units. Hash-partitioned by player; see `sql/rounds.sql`.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"
        VOIDED = "voided", "Voided"
        EXPIRED = "expired", "Closed by time"
        ADJUSTED = "adjusted", "Adjusted by staff"

    id = models.BigIntegerField(primary_key=True)
    player_id = models.BigIntegerField()
    integration_id = models.IntegerField()
    game_id = models.BigIntegerField()
    external_id = models.TextField()
    session_id = models.BigIntegerField()
    variant_id = models.BigIntegerField(null=True)
    brand_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=State)
    staked = models.BigIntegerField()
    won = models.BigIntegerField()
    rolled_back = models.BigIntegerField()
    held_amount = models.BigIntegerField(
        help_text="Stakes in play: staked and not rolled back, while the round is open"
    )
    bets = models.IntegerField()
    wins = models.IntegerField()
    rollbacks = models.IntegerField()
    opened_at = models.DateTimeField()
    last_activity_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=40)
    staked_bonus = models.BigIntegerField(default=0, help_text="Of stakes not rolled back, what was bonus money")
    staked_restricted = models.BigIntegerField(default=0, help_text="Likewise, what was restricted money")
    corrected = models.BigIntegerField(default=0, help_text="Paid (or, negative, taken back) when it was resettled")
    corrections = models.IntegerField(default=0, help_text="How many postings did that")

    class Meta:
        managed = False
        db_table = "providers_round"
        ordering = ("-id",)
        permissions = (
            ("resolve_round", "Can close rounds, and propose to void and resettle them"),
            ("approve_round_void", "Can decide on a colleague's proposal to void or resettle rounds"),
        )

    def __str__(self) -> str:
        return self.external_id

    @property
    def net(self) -> int:
        """What the player has won (or, negative, lost) in it, in ledger units; a stake in play counts as lost."""
        return self.won + self.rolled_back + self.corrected - self.staked


class RoundPolicy(models.Model):
    """
    A published rule for interrupted rounds of some games at some place, from an instant on. Rows are never altered.

    What is most specific decides (`round_policies`); of the same scope, what came into force last. Players read `text`.
    """

    class Outcome(models.TextChoices):
        WAIT = "wait", "Wait for the game provider, however long"
        SETTLE = "settle", "Close with what the provider has reported"
        VOID = "void", "Void and return the stake"
        STAFF = "staff", "Hand it to a person"
        GENERAL = "general", "No rule of its own: the more general one counts"

    class NewStart(models.TextChoices):
        BY_CATEGORY = "category", "As its category: live and crash games are free, others resume"
        RESUME = "resume", "A launch of the game resumes the round"
        REFUSE = "refuse", "The game is not launched while a round is unfinished"
        FREE = "free", "The game may be launched anew"

    class Origin(models.TextChoices):
        SHIPPED = "shipped", "Shipped with the platform"
        STAFF = "staff", "Staff"

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, related_name="+")
    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, null=True, related_name="+")
    category = models.CharField(max_length=16, blank=True, help_text="Empty: games of every category")
    vendor = models.SlugField(max_length=40, blank=True, help_text="Empty: games of every vendor")
    game = models.ForeignKey("providers.Game", on_delete=models.PROTECT, null=True, related_name="+")
    interrupted_after_minutes = models.PositiveIntegerField(help_text="Without activity for so long, it is interrupted")
    resolve_after_hours = models.PositiveIntegerField(help_text="After the last activity; until then it may be resumed")
    outcome = models.CharField(max_length=8, choices=Outcome, help_text="What happens then")
    new_start = models.CharField(max_length=8, choices=NewStart, default=NewStart.BY_CATEGORY)
    text = models.TextField(max_length=2000, help_text="What players read")
    source = models.CharField(max_length=300, help_text="The rule or agreement that it follows")
    effective_at = models.DateTimeField(help_text="For rounds opened from then on")
    published_at = models.DateTimeField()
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.STAFF)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "round policies"
        constraints = (
            models.CheckConstraint(
                condition=Q(outcome__in=("wait", "settle", "void", "staff", "general")),
                name="providers_roundpolicy_outcome",
            ),
            models.CheckConstraint(
                condition=Q(new_start__in=("category", "resume", "refuse", "free")),
                name="providers_roundpolicy_new_start",
            ),
            models.CheckConstraint(
                condition=Q(origin="shipped", maker__isnull=True, checker__isnull=True)
                | (Q(origin="staff", maker__isnull=False, checker__isnull=False) & ~Q(maker=F("checker"))),
                name="providers_roundpolicy_two_people",
            ),
            models.CheckConstraint(
                condition=Q(origin="shipped") | Q(effective_at__gte=F("published_at")),
                name="providers_roundpolicy_not_backdated",
            ),
            models.CheckConstraint(
                condition=Q(resolve_after_hours__lte=8760, interrupted_after_minutes__gte=1)
                & Q(interrupted_after_minutes__lte=F("resolve_after_hours") * 60),
                name="providers_roundpolicy_times",
            ),
        )
        permissions = (
            ("propose_round_policy", "Can propose policies for interrupted rounds"),
            ("publish_round_policy", "Can publish policies for interrupted rounds that a colleague proposed"),
        )

    def __str__(self) -> str:
        return f"policy {self.pk}"


class RoundEvent(models.Model):
    """What was done to a round by us instead of by its vendor: one row each, never altered."""

    class Kind(models.TextChoices):
        STUCK = "stuck", "Found without activity"
        EXPIRED = "expired", "Closed by time"
        CLOSED = "closed", "Closed by staff"
        VOIDED = "voided", "Voided, stakes returned"
        HANDED = "handed", "Waits for a person"
        RESETTLED = "resettled", "Resettled"
        LATE = "late", "The vendor sent a result after it was resolved"
        ANSWERED = "answered", "Late result looked at by staff"

    # What moves a player's money, or lets his stake go, follows a published policy.
    RESOLUTIONS = (Kind.EXPIRED, Kind.CLOSED, Kind.VOIDED, Kind.HANDED, Kind.RESETTLED)

    round_id = models.BigIntegerField()
    player_id = models.BigIntegerField()
    integration_id = models.IntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=150, help_text="Staff username, or the part of the system that did it")
    request_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    policy = models.ForeignKey(RoundPolicy, on_delete=models.PROTECT, null=True, related_name="+")
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, null=True, related_name="+", help_text="What two people agreed on"
    )
    amount_units = models.BigIntegerField(null=True, help_text="Returned, paid, or (negative) taken back; ledger units")
    reference = models.CharField(max_length=200, default="", help_text="The vendor's own word for it")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["round_id"], name="providers_event_by_round"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(kind__in=("expired", "closed", "voided", "handed", "resettled")) | Q(policy__isnull=False),
                name="providers_event_names_policy",
            ),
            models.UniqueConstraint(
                fields=("round_id", "kind"),
                condition=Q(kind__in=("voided", "handed")),
                name="providers_event_once_a_round",
            ),
            models.UniqueConstraint(
                fields=("round_id", "reference"), condition=Q(kind="late"), name="providers_event_late_once"
            ),
        )

    def __str__(self) -> str:
        return f"round {self.round_id}: {self.kind}"
