"""What the simulated vendors keep for themselves. The platform never reads these tables: it is a stranger to them."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from apps.core.ids import uuid7
from apps.sandbox.kyc_models import (  # noqa: F401 - Django looks for models here
    SimulatedApplicant,
    SimulatedKycSession,
    SimulatedKycVendor,
    SimulatedKycWebhook,
)


class SimulatedVendor(models.Model):
    """A simulated game provider: where it finds the platform's wallet, and the keys of both sides."""

    slug = models.SlugField(primary_key=True, max_length=40, help_text="Also the name of its dialect")
    platform_url = models.URLField(max_length=300, help_text="The platform's wallet for this vendor")
    private_key_pem = models.TextField(help_text="Signs what the vendor sends; in clear, as it opens play money only")
    public_key_pem = models.TextField(help_text="What the platform verifies it with")
    platform_key_pem = models.TextField(help_text="Verifies what the platform sends")
    operator_id = models.IntegerField(default=1, help_text="The vendor's number for the platform")
    secrets = models.JSONField(default=dict, help_text="Of protocols without key pairs; in clear, likewise")

    class ListMode(models.TextChoices):
        """What the game list is like."""

        WHOLE = "whole", "Whole"
        EMPTY = "empty", "Empty"
        HALF = "half", "Half of the games"
        DOUBLED = "doubled", "The first game twice"
        FAULTY = "faulty", "The first game without a name"
        CUT = "cut", "Broken off in the middle"
        REFUSED = "refused", "HTTP 500"

    list_mode = models.CharField(max_length=8, choices=ListMode, default=ListMode.WHOLE)
    is_down = models.BooleanField(default=False, help_text="Serves no call and plays no round")

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class SimulatedListing(models.Model):
    """What a simulated vendor's list says of a game otherwise than his catalogue does."""

    vendor = models.ForeignKey(SimulatedVendor, on_delete=models.CASCADE, related_name="listings")
    code = models.CharField(max_length=120)
    is_listed = models.BooleanField(default=True)
    facts = models.JSONField(default=dict, help_text="Whatever of `vendors.listings.FACTS` differs")

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("vendor", "code"), name="sandbox_simulatedlisting_once"),)

    def __str__(self) -> str:
        return f"{self.vendor_id}/{self.code}"


class SimulatedSession(models.Model):
    """A game opened by a launch. A demo has no user and keeps its play money here."""

    token = models.CharField(primary_key=True, max_length=255)
    vendor = models.ForeignKey(SimulatedVendor, on_delete=models.CASCADE, related_name="sessions")
    user = models.CharField(max_length=64, blank=True)
    game_code = models.CharField(max_length=120)
    currency = models.CharField(max_length=8)
    lobby_url = models.URLField(max_length=500, blank=True)
    demo_balance = models.BigIntegerField(null=True, help_text="Amount x 100 000; empty for real play")
    live_token = models.CharField(
        max_length=255, blank=True, default="", help_text="What the platform exchanged the token for"
    )
    opened_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.game_code} of {self.user or 'demo'}"


class SimulatedRound(models.Model):
    """One round: what the reels showed, and how far its money has come. Amounts x 100 000."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SETTLED = "settled", "Settled"
        REFUSED = "refused", "Bet refused"
        CANCELLED = "cancelled", "Rolled back"

    reference = models.CharField(primary_key=True, max_length=64)
    session = models.ForeignKey(SimulatedSession, on_delete=models.CASCADE, related_name="rounds")
    vendor = models.ForeignKey(SimulatedVendor, on_delete=models.CASCADE, related_name="rounds")
    scenario = models.CharField(max_length=16)
    symbols = models.JSONField()
    stake = models.BigIntegerField()
    payout = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(fields=["opened_at"], name="sandbox_round_by_time"),
            models.Index(fields=["opened_at"], condition=models.Q(state="open"), name="sandbox_round_open"),
        )

    def __str__(self) -> str:
        return self.reference


class SimulatedTransaction(models.Model):
    """One business transaction as the vendor sees it: journalled before it is sent, then its answer."""

    class Kind(models.TextChoices):
        BET = "bet", "Bet"
        WIN = "win", "Win"
        ROLLBACK = "rollback", "Rollback"

    class State(models.TextChoices):
        UNKNOWN = "unknown", "No usable answer yet"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    id = models.UUIDField(primary_key=True, default=uuid7)
    round = models.ForeignKey(SimulatedRound, on_delete=models.CASCADE, related_name="transactions")
    vendor = models.ForeignKey(SimulatedVendor, on_delete=models.CASCADE, related_name="transactions")
    kind = models.CharField(max_length=8, choices=Kind)
    amount = models.BigIntegerField(help_text="x 100 000")
    target = models.UUIDField(null=True, help_text="The bet that a win or rollback is about")
    state = models.CharField(max_length=8, choices=State, default=State.UNKNOWN)
    status = models.CharField(max_length=48, blank=True, help_text="Last status the platform answered")
    attempts = models.PositiveIntegerField(default=0)
    unexpected = models.CharField(max_length=300, blank=True, help_text="What the platform should not have answered")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


def _percent(help_text: str, default: int) -> models.PositiveSmallIntegerField:  # type: ignore[type-arg]
    return models.PositiveSmallIntegerField(default=default, validators=[MaxValueValidator(100)], help_text=help_text)


class SimulatorControl(models.Model):
    """How fast the simulator plays and what goes wrong on the way: per cent of rounds. One row, read every second."""

    is_running = models.BooleanField(default=True)
    rounds_per_second = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        default=Decimal(4),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(1000))],
    )
    duplicate = _percent("Bet and win are sent twice", 5)
    dropped_reply = _percent("The answer to bet or win is lost, and it is sent again", 4)
    reorder = _percent("The win arrives before its bet", 3)
    rollback = _percent("The bet times out and is rolled back", 4)
    late_bet = _percent("The rollback arrives before its bet", 2)
    conflict = _percent("The bet's id is used again with another amount", 2)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="sandbox_simulatorcontrol_one_row"),)

    def __str__(self) -> str:
        return f"{self.rounds_per_second} rounds/s"

    @classmethod
    def current(cls) -> "SimulatorControl":
        """The one row, made with its defaults at first use."""
        return cls.objects.get_or_create(pk=1)[0]


class SimulatedPsp(models.Model):
    """A simulated payment provider: where it finds the platform, the secrets of both sides, and what goes wrong."""

    class PayoutAnswer(models.TextChoices):
        """What the platform is told when it asks for a payout."""

        ACCEPT = "accept", "Accepted"
        REFUSE = "refuse", "Refused for certain"
        LOSE_REPLY = "lose_reply", "Accepted, but the reply is lost"
        BREAK = "break", "A server error, nothing accepted"

    class PayoutOutcome(models.TextChoices):
        """How an accepted payout ends."""

        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        RETURNED = "returned", "Paid, then returned"

    class Telling(models.TextChoices):
        """How its notifications arrive."""

        ONCE = "once", "Once, in order"
        TWICE = "twice", "Each of them twice"
        REVERSED = "reversed", "The last one first"
        NEVER = "never", "Not at all"

    slug = models.SlugField(primary_key=True, max_length=40, help_text="Also the name of its protocol")
    platform_url = models.URLField(max_length=300, help_text="The platform's address for its calls")
    secrets = models.JSONField(default=dict, help_text="In clear, as they open play money only")
    payout_answer = models.CharField(max_length=12, choices=PayoutAnswer, default=PayoutAnswer.ACCEPT)
    payout_outcome = models.CharField(max_length=12, choices=PayoutOutcome, default=PayoutOutcome.PAID)
    telling = models.CharField(max_length=12, choices=Telling, default=Telling.ONCE)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class SimulatedPayment(models.Model):
    """One order at a simulated payment provider, as the provider sees it."""

    SEEDED = "seed-"
    """References of payments that the demo was set up with begin like that."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Paid"
        FAILED = "failed", "Failed"
        RETURNED = "returned", "Returned"
        DISPUTED = "disputed", "Charged back"

    psp = models.ForeignKey(SimulatedPsp, on_delete=models.CASCADE, related_name="payments")
    is_payout = models.BooleanField()
    reference = models.CharField(max_length=100, help_text="The platform's, its idempotency key")
    user = models.CharField(max_length=64, blank=True)
    amount = models.DecimalField(max_digits=30, decimal_places=12)
    currency = models.CharField(max_length=8)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    requests = models.PositiveIntegerField(default=1, help_text="How often the platform asked for it under this key")
    notify_url = models.URLField(max_length=300, blank=True)
    return_url = models.URLField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("psp", "reference"), name="sandbox_simulatedpayment_reference"),)

    def __str__(self) -> str:
        return f"{self.reference}: {self.shown} {self.currency}"

    @property
    def shown(self) -> str:
        """The amount without zeros that say nothing, and without an exponent."""
        return f"{self.amount.normalize():f}"

    @property
    def number(self) -> str:
        """The provider's own id of it."""
        return str(4_000_000_000 + (self.pk or 0))


class SimulatedNotification(models.Model):
    """Something a simulated provider has to tell: journalled before it is sent, and sent until it is acknowledged."""

    payment = models.ForeignKey(SimulatedPayment, on_delete=models.CASCADE, related_name="notifications")
    word = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    answer = models.CharField(max_length=300, blank=True, help_text="What the platform answered last")

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=["due_at"], condition=models.Q(acknowledged_at=None), name="sandbox_notification_due"),
        )

    def __str__(self) -> str:
        return f"{self.word} {self.payment_id}"


class SimulatedRegister(models.Model):
    """A simulated national register of excluded people, and how it behaves at the moment."""

    class Mode(models.TextChoices):
        """What it does with a question."""

        NORMAL = "normal", "Answers"
        SLOW = "slow", "Answers late, after `delay_seconds`"
        WRONG = "wrong", "Answers what its protocol does not know"
        SILENT = "silent", "Takes the question and says nothing"
        DOWN = "down", "Answers 503"

    slug = models.SlugField(primary_key=True, max_length=40)
    title = models.CharField(max_length=80)
    api_key = models.CharField(max_length=80, help_text="In clear, as it guards invented people only")
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.NORMAL)
    delay_seconds = models.DecimalField(
        max_digits=4, decimal_places=1, default=5, validators=[MinValueValidator(0), MaxValueValidator(20)]
    )

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title


class SimulatedExclusion(models.Model):
    """A person in a simulated register."""

    register = models.ForeignKey(SimulatedRegister, on_delete=models.CASCADE, related_name="people")
    last_name = models.CharField(max_length=80)
    birth_date = models.DateField()
    email = models.EmailField(blank=True)
    is_over = models.BooleanField(default=False, help_text="Was excluded before, is no more")

    def __str__(self) -> str:
        return f"{self.last_name} in {self.register_id}"
