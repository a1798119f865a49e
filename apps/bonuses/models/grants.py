"""One player's bonus: what he was offered, what he took, and how it ended."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.bonuses.models.offers import Offer, OfferVersion
from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.payments.models import Deposit
from apps.players.models import Player

_USER = settings.AUTH_USER_MODEL


class Grant(models.Model):
    """
    A bonus of one player. Its amounts are fixed when it is offered, ledger units of `currency`.

    `opened_…` and `closed_…` are versions of the player's accounts, read under the wallet's lock: a posting belongs to
    the grant if its version is above the first and not above the second, whatever order it is read in.
    """

    class State(models.TextChoices):
        """Where it stands; the last four are final."""

        OFFERED = "offered", "Offered"
        ACTIVE = "active", "Active"
        COMPLETED = "completed", "Completed"
        FORFEITED = "forfeited", "Forfeited"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    class Source(models.TextChoices):
        """Why the player has it."""

        OFFER = "offer", "Taken from an offer"
        DEPOSIT = "deposit", "Share of a deposit"
        MANUAL = "manual", "Given by staff"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False, help_text="The id its player sees")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="bonus_grants")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="grants")
    version = models.ForeignKey(OfferVersion, on_delete=models.PROTECT, related_name="grants")
    source = models.CharField(max_length=8, choices=Source)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="+")
    given_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    agreed_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=8)
    amount_units = models.BigIntegerField(help_text="The bonus")
    required_units = models.BigIntegerField(help_text="To be wagered before it becomes cash")
    stake_limit_units = models.BigIntegerField(null=True, help_text="A larger stake does not count")
    conversion_limit_units = models.BigIntegerField(null=True, help_text="At most this becomes cash")
    forfeits_on_withdrawal = models.BooleanField(default=False)
    state = FSMField(default=State.OFFERED, choices=State.choices, protected=True, max_length=10)
    offered_at = models.DateTimeField()
    claim_by = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    wager_by = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=24, blank=True)
    claim_transaction_id = models.UUIDField(null=True, unique=True)
    end_transaction_id = models.UUIDField(null=True, unique=True, help_text="None if nothing was left to move")
    converted_units = models.BigIntegerField(default=0, help_text="Became cash")
    taken_back_units = models.BigIntegerField(default=0, help_text="Went back to the brand")
    other_units = models.BigIntegerField(default=0, help_text="Bonus money there before, from elsewhere")
    opened_cash = models.BigIntegerField(null=True)
    opened_bonus = models.BigIntegerField(null=True)
    opened_restricted = models.BigIntegerField(null=True)
    closed_cash = models.BigIntegerField(null=True)
    closed_bonus = models.BigIntegerField(null=True)
    closed_restricted = models.BigIntegerField(null=True)
    policy_version_id = models.BigIntegerField(null=True, help_text="Bonus rules under which it was claimed")

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        verbose_name = "bonus"
        verbose_name_plural = "players’ bonuses"
        indexes = (
            models.Index(fields=["player", "currency", "-id"], name="bonuses_grant_by_player"),
            models.Index(fields=["claim_by"], condition=Q(state="offered"), name="bonuses_grant_offered"),
            models.Index(fields=["wager_by"], condition=Q(state="active"), name="bonuses_grant_active"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("offered", "active", "completed", "forfeited", "expired", "cancelled")),
                name="bonuses_grant_state",
            ),
            models.UniqueConstraint(
                fields=("player", "currency"), condition=Q(state="active"), name="bonuses_grant_one_active"
            ),
            models.UniqueConstraint(
                fields=("offer", "deposit"), condition=Q(deposit__isnull=False), name="bonuses_grant_one_a_deposit"
            ),
            models.CheckConstraint(
                condition=Q(amount_units__gt=0, required_units__gte=0), name="bonuses_grant_amounts"
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, claim_transaction_id__isnull=True)
                | Q(claimed_at__isnull=False, claim_transaction_id__isnull=False, opened_bonus__isnull=False),
                name="bonuses_grant_claimed",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=("offered", "active")) & Q(ended_at__isnull=True))
                | (~Q(state__in=("offered", "active")) & Q(ended_at__isnull=False)),
                name="bonuses_grant_ended",
            ),
            models.CheckConstraint(
                condition=Q(conversion_limit_units=None) | Q(converted_units__lte=F("conversion_limit_units")),
                name="bonuses_grant_conversion",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by=None) | ~Q(agreed_by=F("given_by")), name="bonuses_grant_four_eyes"
            ),
        )
        permissions = (
            ("give_grant", "Can ask for a bonus for a player"),
            ("agree_grant", "Can agree to a bonus that a colleague asked for"),
            ("cancel_grant", "Can cancel a player's bonus"),
        )

    def __str__(self) -> str:
        return f"{self.money} bonus of player {self.player_id}: {self.state}"

    @property
    def money(self) -> Money:
        """The bonus."""
        return Money(self.amount_units, self.currency)

    @transition(field=state, source=State.OFFERED, target=State.ACTIVE)
    def claim(self, *, at: datetime, wager_by: datetime, transaction_id: UUID, policy_version_id: int | None) -> None:
        """The player took it."""
        self.claimed_at, self.wager_by, self.claim_transaction_id = at, wager_by, transaction_id
        self.policy_version_id = policy_version_id

    @transition(field=state, source=State.ACTIVE, target=State.COMPLETED)
    def complete(self, *, at: datetime) -> None:
        """It was wagered as often as was asked."""
        self.ended_at, self.end_reason = at, "wagered"

    @transition(field=state, source=State.ACTIVE, target=State.FORFEITED)
    def forfeit(self, *, reason: str, at: datetime) -> None:
        """The player's own doing ended it."""
        self.ended_at, self.end_reason = at, reason

    @transition(field=state, source=[State.OFFERED, State.ACTIVE], target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Its time is over."""
        self.ended_at, self.end_reason = at, "time"

    @transition(field=state, source=[State.OFFERED, State.ACTIVE], target=State.CANCELLED)
    def cancel(self, *, reason: str, at: datetime) -> None:
        """A rule or a person of the brand ended it."""
        self.ended_at, self.end_reason = at, reason


class GrantStep(models.Model):
    """What happened to a grant, when, and who did it. Append-only."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="steps")
    name = models.SlugField(max_length=24)
    transaction_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    actor = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """In order."""

        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
