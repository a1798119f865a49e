"""Games, where they may be played, and the sessions in which they are. Rounds are in `round_models`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from apps.brands.models import Brand, Jurisdiction
from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.players.models import Player, PlayerSession
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.round_models import Round, RoundEvent, RoundPolicy

__all__ = (
    "BrandGame",
    "CatalogueChange",
    "CatalogueSync",
    "Game",
    "GameCertificate",
    "GameSession",
    "GameSessionToken",
    "Round",
    "RoundEvent",
    "RoundPolicy",
    "RtpVariant",
    "Studio",
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
