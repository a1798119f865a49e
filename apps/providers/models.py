"""Games, where they may be played, the sessions in which they are, and the rounds played."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_fsm import FSMField, transition
from simple_history.models import HistoricalRecords

from apps.brands.models import Brand, Jurisdiction
from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.players.models import Player, PlayerSession
from apps.providers.catalogue_models import (  # noqa: F401 - Django looks for models here
    CatalogueChange,
    CatalogueSync,
)


class Studio(models.Model):
    """Who makes a game; a vendor (aggregator) delivers games of many studios."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    is_enabled = models.BooleanField(default=True)
    blocked_countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Game(models.Model):
    """A game as one vendor delivers it. `code` is the vendor's own."""

    class Category(models.TextChoices):
        SLOT = "slot", "Slot"
        LIVE = "live", "Live casino"
        TABLE = "table", "Table game"
        BINGO = "bingo", "Bingo"
        CRASH = "crash", "Crash game"
        INSTANT = "instant", "Instant win"

    vendor = models.SlugField(max_length=40)
    code = models.CharField(max_length=120)
    public_code = models.SlugField(max_length=160, unique=True, help_text="The {code} of the player API")
    title = models.CharField(max_length=160)
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, related_name="games")
    category = models.CharField(max_length=16, choices=Category, default=Category.SLOT)
    platforms = ArrayField(models.CharField(max_length=8), default=list, help_text="desktop, mobile")
    currencies = ArrayField(models.CharField(max_length=8), default=list, blank=True, help_text="Empty: every currency")
    features = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    volatility = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 low to 5 high")
    has_demo = models.BooleanField(default=True)
    has_free_rounds = models.BooleanField(default=False)
    blocked_countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    needs_certificate = models.BooleanField(
        default=False, help_text="Launch needs a valid certificate in the player's jurisdiction"
    )
    certifications = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="Regulators that the vendor names; what lets a game be launched is a certificate on record",
    )
    thumbnail_url = models.URLField(blank=True, max_length=300)
    released_on = models.DateField(null=True, blank=True)
    withdrawn_on = models.DateField(null=True, blank=True)
    is_enabled = models.BooleanField(default=False, help_text="Nothing goes live by itself")

    history = HistoricalRecords()

    class Meta:
        ordering = ("title",)
        constraints = (models.UniqueConstraint(fields=("vendor", "code"), name="providers_game_code"),)
        permissions = (("switch_game", "Can enable and disable games"),)

    def __str__(self) -> str:
        return self.title


class RtpVariant(models.Model):
    """One certified return-to-player setting of a game, in basis points of stakes (9600 = 96.00 %)."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="rtp_variants")
    code = models.SlugField(max_length=40)
    rtp_basis_points = models.PositiveIntegerField()
    deviation = models.DecimalField(
        max_digits=8,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="Standard deviation of one round's return, in stakes, as the vendor publishes it",
    )
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ("game_id", "-rtp_basis_points")
        constraints = (
            models.UniqueConstraint(fields=("game", "code"), name="providers_rtpvariant_code"),
            models.UniqueConstraint(
                fields=("game",), condition=models.Q(is_default=True), name="providers_rtpvariant_one_default"
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} ({self.rtp_basis_points / 100:.2f} %)"


class GameCertificate(models.Model):
    """A laboratory's certificate that lets a game (or one variant of it) be played in a jurisdiction for a time."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="certificates")
    variant = models.ForeignKey(
        RtpVariant, on_delete=models.CASCADE, null=True, blank=True, related_name="certificates"
    )
    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="+")
    laboratory = models.CharField(max_length=80)
    reference = models.CharField(max_length=80)
    version_hash = models.CharField(max_length=128, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("game_id", "jurisdiction_id", "-valid_from")

    def __str__(self) -> str:
        return f"{self.laboratory} {self.reference}"


class BrandGame(models.Model):
    """A brand's own word on a game. Without a row the game is offered as the catalogue says."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="games")
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="brand_settings")
    is_enabled = models.BooleanField(default=True)
    position = models.IntegerField(default=0, help_text="Lower comes first in the brand's lobby")
    category = models.CharField(max_length=40, blank=True, help_text="The brand's own category")
    variant = models.ForeignKey(RtpVariant, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    history = HistoricalRecords()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("brand", "game"), name="providers_brandgame_once"),)

    def __str__(self) -> str:
        return f"{self.brand_id}/{self.game_id}"


class GameSession(models.Model):
    """
    A player at a vendor's table: one launch.

    The account ids are copied here so that a bet needs no look-up; they never change for a player and currency.
    Expiry blocks bets, never wins or rollbacks.
    """

    class Mode(models.TextChoices):
        REAL = "real", "Real money"
        DEMO = "demo", "Demo"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="game_sessions", null=True)
    player_session = models.ForeignKey(
        PlayerSession, on_delete=models.SET_NULL, null=True, related_name="game_sessions"
    )
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="game_sessions")
    game = models.ForeignKey(
        Game, on_delete=models.PROTECT, related_name="sessions", help_text="The game launched; a lobby may change it"
    )
    variant = models.ForeignKey(RtpVariant, on_delete=models.PROTECT, null=True, related_name="+")
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.REAL)
    platform = models.CharField(max_length=8, default="desktop")
    currency = models.CharField(max_length=8)
    cash_account_id = models.BigIntegerField(null=True)
    bonus_account_id = models.BigIntegerField(null=True)
    restricted_account_id = models.BigIntegerField(null=True)
    provider_account_id = models.BigIntegerField(null=True)
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.SlugField(max_length=40, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player", "-id"], name="providers_session_by_player"),
            models.Index(
                fields=["expires_at"], condition=models.Q(ended_at__isnull=True), name="providers_session_running"
            ),
        )

    def __str__(self) -> str:
        return str(self.public_id)


class GameSessionToken(models.Model):
    """A token by which the vendor names a session. Several over its life where the protocol rotates them."""

    digest = models.BinaryField(primary_key=True)
    session = models.ForeignKey(GameSession, on_delete=models.CASCADE, related_name="tokens")
    issued_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of session {self.session_id}"


class Round(models.Model):
    """
    One round of a game, as its vendor names it (unique only with game and player).

    Written by the posting function only. Amounts in ledger units. Hash-partitioned by player; see `sql/rounds.sql`.
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

    class Meta:
        managed = False
        db_table = "providers_round"
        ordering = ("-id",)
        permissions = (("resolve_round", "Can close, void and resettle rounds"),)

    def __str__(self) -> str:
        return self.external_id


class RoundEvent(models.Model):
    """What was done to a round by us instead of by its vendor: one row each, never altered."""

    class Kind(models.TextChoices):
        STUCK = "stuck", "Found without activity"
        EXPIRED = "expired", "Closed by time"
        CLOSED = "closed", "Closed by staff"
        VOIDED = "voided", "Voided by staff, stakes returned"

    round_id = models.BigIntegerField()
    player_id = models.BigIntegerField()
    integration_id = models.IntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=300)
    actor = models.CharField(max_length=150, help_text="Staff username, or the part of the system that did it")
    request_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["round_id"], name="providers_event_by_round"),)

    def __str__(self) -> str:
        return f"round {self.round_id}: {self.kind}"


class RoundVoid(models.Model):
    """
    A request to void a round and return its stakes: proposed by one person, decided by another.

    `staked_units` is what would be returned, in ledger units, as the proposer saw it; a round that has changed since
    is not voided.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for a second person"
        VOIDED = "voided", "Voided"
        REJECTED = "rejected", "Rejected"

    round_id = models.BigIntegerField()
    player_id = models.BigIntegerField()
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    staked_units = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    policy = models.CharField(max_length=80, help_text="Id of the published void policy that it follows")
    state = FSMField(max_length=8, choices=State, default=State.PROPOSED, protected=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=("proposed", "voided", "rejected")), name="providers_roundvoid_state"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("proposed_by")),
                name="providers_roundvoid_second_person",
            ),
            models.CheckConstraint(
                condition=models.Q(state="proposed", decided_by__isnull=True, decided_at__isnull=True)
                | (~models.Q(state="proposed") & models.Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="providers_roundvoid_decided",
            ),
            models.UniqueConstraint(
                fields=("round_id",),
                condition=models.Q(state__in=("proposed", "voided")),
                name="providers_roundvoid_one_a_round",
            ),
        )
        permissions = (("approve_round_void", "Can decide on a colleague's proposal to void a round"),)

    def __str__(self) -> str:
        return f"void of round {self.round_id}: {self.state}"

    @transition(field=state, source=State.PROPOSED, target=State.VOIDED)
    def approve(self, *, by: User, at: datetime, note: str) -> None:
        """Record the decision; the operation returns the stakes."""
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    @transition(field=state, source=State.PROPOSED, target=State.REJECTED)
    def reject(self, *, by: User, at: datetime, note: str) -> None:
        """Record the decision; the round stays as it is."""
        self.decided_by, self.decided_at, self.decision_note = by, at, note
