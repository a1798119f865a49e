"""A player's limits: what was asked for, when it counts, and what became of it. How they are counted is in `sql/`."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.core.money import Money
from apps.players.models import Player


class Limit(models.Model):
    """
    One limit, or one change of a limit that does not count yet. Its terms never change; a change is another row.

    `amount_units` is in ledger units of `currency`; a session limit has `seconds` instead. `is_removal`: the limit of
    the same kind and period ends when this row takes effect.
    """

    class Kind(models.TextChoices):
        """What is limited."""

        DEPOSIT = "deposit", "Deposits"
        LOSS = "loss", "Losses: own money staked minus won"
        WAGER = "wager", "Stakes"
        SESSION = "session", "Time logged in"
        STAKE = "stake", "A single stake"

    class Period(models.TextChoices):
        """For how long it counts; none for a single stake or one sitting."""

        NONE = "", "Each"
        DAY = "day", "Day"
        WEEK = "week", "Week"
        MONTH = "month", "Month"

    class Window(models.TextChoices):
        """Where a period begins."""

        CALENDAR = "calendar", "Calendar day, week or month of the jurisdiction"
        FIXED = "fixed", "Periods that follow each other from when the limit was set"
        ROLLING = "rolling", "The last 24 hours, 7 days or 30 days, moving on by the minute"

    class Basis(models.TextChoices):
        """What gives headroom back."""

        GROSS = "gross", "Gross"
        NET = "net", "Net of what was paid out or won"

    class SetBy(models.TextChoices):
        """Whose limit it is; all of them apply."""

        PLAYER = "player", "The player"
        OPERATOR = "operator", "The operator"
        COURT = "court", "A court or authority"

    class State(models.TextChoices):
        """Where it stands; the last five are final."""

        ACTIVE = "active", "In force"
        PENDING = "pending", "Waits for its time"
        AWAITING_CONTACT = "awaiting_contact", "Waits until staff have spoken with the player"
        AWAITING_CONFIRMATION = "awaiting_confirmation", "Waits for the player to confirm"
        ENDED = "ended", "Was in force; replaced or removed"
        APPLIED = "applied", "A removal that has taken effect"
        WITHDRAWN = "withdrawn", "Taken back by the player"
        VOID = "void", "Void: a later change or silence overtook it"
        DECLINED = "declined", "Declined by staff"

    OPEN_CHANGES = (State.PENDING, State.AWAITING_CONTACT, State.AWAITING_CONFIRMATION)

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="limits")
    kind = models.CharField(max_length=8, choices=Kind)
    period = models.CharField(max_length=8, choices=Period, blank=True)
    currency = models.CharField(max_length=8, blank=True, help_text="Empty for time")
    amount_units = models.BigIntegerField(null=True, help_text="Ledger units")
    seconds = models.IntegerField(null=True, help_text="Of a session limit")
    is_removal = models.BooleanField(default=False)
    basis = models.CharField(max_length=8, choices=Basis)
    window = models.CharField(max_length=8, choices=Window)
    timezone = models.CharField(max_length=40, help_text="The jurisdiction's, in which its days begin")
    anchor_at = models.DateTimeField(help_text="From where fixed periods are counted; kept when the amount changes")
    set_by = models.CharField(max_length=8, choices=SetBy, default=SetBy.PLAYER)
    state = FSMField(max_length=24, choices=State.choices, default=State.PENDING, protected=True)
    requested_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    needs_confirmation = models.BooleanField(default=False)
    actor = models.CharField(max_length=150, help_text="`player`, or a staff username, or a part of the system")
    reason = models.CharField(max_length=300, blank=True)
    policy_version_id = models.BigIntegerField(null=True, help_text="Version of the policy behind the delay")
    request_id = models.UUIDField(null=True)

    class Meta:
        """One in force, and one change at most under way, of each kind, period and owner."""

        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["player"],
                condition=Q(state__in=("active", "pending", "awaiting_contact", "awaiting_confirmation")),
                name="safer_play_limit_open",
            ),
            models.Index(fields=["effective_at"], condition=Q(state="pending"), name="safer_play_limit_due"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("player", "kind", "period", "currency", "set_by"),
                condition=Q(state="active"),
                name="safer_play_limit_one_active",
            ),
            models.UniqueConstraint(
                fields=("player", "kind", "period", "currency", "set_by"),
                condition=Q(state__in=("pending", "awaiting_contact", "awaiting_confirmation")),
                name="safer_play_limit_one_change",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "active", "pending", "awaiting_contact", "awaiting_confirmation", "ended", "applied",
                        "withdrawn", "void", "declined",
                    )
                ),
                name="safer_play_limit_state",
            ),
            models.CheckConstraint(
                condition=Q(is_removal=True, amount_units__isnull=True, seconds__isnull=True)
                | Q(is_removal=False, kind="session", seconds__gt=0, amount_units__isnull=True, currency="")
                | (
                    Q(is_removal=False, amount_units__gte=0, seconds__isnull=True)
                    & ~Q(kind="session")
                    & ~Q(currency="")
                ),
                name="safer_play_limit_terms",
            ),
            models.CheckConstraint(
                condition=(Q(kind="stake") & Q(period=""))
                | (Q(kind="session") & Q(period__in=("", "day", "week", "month")))
                | (Q(kind__in=("deposit", "loss", "wager")) & Q(period__in=("day", "week", "month"))),
                name="safer_play_limit_period",
            ),
            models.CheckConstraint(
                condition=~Q(state="active", is_removal=True), name="safer_play_limit_removal_ends"
            ),
        )  # fmt: skip
        permissions = (
            ("lower_limit", "Can set and lower limits for players"),
            ("raise_limit", "Can propose to raise a limit for a player"),
            ("approve_limit", "Can decide on a colleague's proposal to raise a limit"),
            ("contact_about_limit", "Can record the contact that a high limit waits for"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.period or 'each'}: {self.terms_text}"

    @property
    def money(self) -> Money | None:
        """The amount; None for time and for a removal."""
        return None if self.amount_units is None else Money(self.amount_units, self.currency)

    @property
    def size(self) -> int:
        """What two limits of one kind are compared by: units or seconds."""
        return self.seconds if self.kind == self.Kind.SESSION else self.amount_units  # type: ignore[return-value]

    @property
    def terms_text(self) -> str:
        """In words, e.g. ``50.00 EUR`` or ``90 minutes``."""
        if self.is_removal:
            return "no limit"
        return str(self.money) if self.money is not None else f"{(self.seconds or 0) // 60} minutes"

    @transition(field=state, source=[State.PENDING, State.AWAITING_CONFIRMATION], target=State.ACTIVE)
    def start(self) -> None:
        """It counts from now on."""

    @transition(field=state, source=State.PENDING, target=State.AWAITING_CONFIRMATION)
    def ask(self) -> None:
        """Its time has come, but the player has to say so once more."""

    @transition(field=state, source=State.PENDING, target=State.AWAITING_CONTACT)
    def hold(self) -> None:
        """Staff have to speak with the player first."""

    @transition(field=state, source=State.AWAITING_CONTACT, target=State.PENDING)
    def accept(self) -> None:
        """Staff have spoken with the player."""

    @transition(field=state, source=State.AWAITING_CONTACT, target=State.DECLINED)
    def decline(self, *, at: datetime) -> None:
        """Staff have spoken with the player, and say no."""
        self.ended_at = at

    @transition(field=state, source=State.ACTIVE, target=State.ENDED)
    def end(self, *, at: datetime) -> None:
        """Another one counts instead, or none."""
        self.ended_at = at

    @transition(field=state, source=[State.PENDING, State.AWAITING_CONFIRMATION], target=State.APPLIED)
    def apply_removal(self, *, at: datetime) -> None:
        """The limit it removes has ended."""
        self.ended_at = at

    @transition(field=state, source=OPEN_CHANGES, target=State.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        """The player has thought better of it."""
        self.ended_at = at

    @transition(field=state, source=OPEN_CHANGES, target=State.VOID)
    def void(self, *, at: datetime) -> None:
        """Something later overtook it."""
        self.ended_at = at


class LimitEvent(models.Model):
    """What happened to a limit: one row each, never altered."""

    limit = models.ForeignKey(Limit, on_delete=models.PROTECT, related_name="events")
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24)
    actor = models.CharField(max_length=150)
    note = models.CharField(max_length=300, blank=True)
    request_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.from_state or 'new'} → {self.to_state}"
