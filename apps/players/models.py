"""Players: who they are, what they may do, and where they are logged in. Money lives in `transactions`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from apps.brands.models import Brand, Jurisdiction
from apps.core.ids import uuid7


class Player(models.Model):
    """One account of one person at one brand. Staff are Django users; a player never is."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        RESTRICTED = "restricted", "Restricted"
        SUSPENDED = "suspended", "Suspended"
        CLOSED = "closed", "Closed"

    class Restriction(models.TextChoices):
        """What a restricted player may not do."""

        PLAY = "play", "May not play"
        DEPOSIT = "deposit", "May not deposit"
        WITHDRAWAL = "withdrawal", "May not withdraw"
        BONUS = "bonus", "Gets no bonuses"
        LOGIN = "login", "May not log in"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False, help_text="The id outsiders see")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="players")
    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="players")
    username = models.CharField(max_length=64)
    email = models.EmailField(max_length=254)
    password = models.CharField(max_length=256, editable=False)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    birth_date = models.DateField()
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    phone = models.CharField(max_length=32, blank=True)
    street = models.CharField(max_length=160, blank=True)
    city = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    language = models.CharField(max_length=8, default="en")
    currency = models.CharField(max_length=8, help_text="Of the wallet opened at registration")
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE, editable=False)
    restrictions = ArrayField(models.CharField(max_length=16, choices=Restriction), default=list, editable=False)
    is_test = models.BooleanField(default=False, help_text="Made by the sandbox: left out of reports")
    registered_at = models.DateTimeField()
    last_login_at = models.DateTimeField(null=True, blank=True)
    dormant_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the account was found dormant; a log-in wakes it"
    )

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(models.F("brand"), Lower("username"), name="players_player_username"),
            models.UniqueConstraint(models.F("brand"), Lower("email"), name="players_player_email"),
            models.CheckConstraint(
                condition=models.Q(status__in=("active", "restricted", "suspended", "closed")),
                name="players_player_status",
            ),
            models.CheckConstraint(
                condition=models.Q(restrictions__contained_by=["play", "deposit", "withdrawal", "bonus", "login"]),
                name="players_player_restrictions",
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", restrictions=[])
                | (models.Q(status="restricted") & ~models.Q(restrictions=[]))
                | models.Q(status__in=("suspended", "closed")),
                name="players_player_restricted_means_named",
            ),
        )
        permissions = (
            ("change_status", "Can restrict, suspend, close and reinstate players"),
            ("unmask_player", "Can see a player's personal data unmasked"),
            ("unlock_login", "Can open a log-in that was locked, once the player has shown who it is"),
        )

    def __str__(self) -> str:
        return self.username


class StatusChange(models.Model):
    """Why a player's status is what it is: one row for each change, never altered."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="status_changes")
    from_status = models.CharField(max_length=16)
    to_status = models.CharField(max_length=16)
    restrictions = ArrayField(models.CharField(max_length=16), default=list)
    reason_code = models.SlugField(max_length=40)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150, help_text="Staff username, or the part of the system that did it")
    request_id = models.UUIDField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class PlayerSession(models.Model):
    """A log-in of a player. The token itself is never stored, only its SHA-256."""

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False, help_text="The id its player sees")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="sessions")
    token_digest = models.BinaryField(unique=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.SlugField(max_length=40, blank=True)
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    device = models.CharField(max_length=64, blank=True, help_text="Device id sent by the frontend")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"session {self.pk}"


class LoginAttempt(models.Model):
    """Each try to log in, for lock-out and for the record. Append-only."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.SET_NULL, null=True, related_name="login_attempts")
    username = models.CharField(max_length=64)
    outcome = models.SlugField(max_length=24)
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    attempted_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player", "-attempted_at"], name="players_attempt_by_player"),
            # Lock-out counts by name, so that unknown names are locked out just as known ones.
            models.Index("brand", Lower("username"), models.F("attempted_at").desc(), name="players_attempt_by_name"),
        )

    def __str__(self) -> str:
        return f"{self.username}: {self.outcome}"


class ProfileChange(models.Model):
    """What a field of a player's profile was before, and who changed it. Erased with the personal data it repeats."""

    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="profile_changes")
    field = models.SlugField(max_length=32)
    old_value = models.CharField(max_length=254, blank=True)
    new_value = models.CharField(max_length=254, blank=True)
    actor = models.CharField(max_length=150, help_text="Staff username, or `player`")
    request_id = models.UUIDField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.field
