"""Contacts between players and us: when, how, about what. Never what was said."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.players.models import Player

REFERENCE = RegexValidator(r"^[A-Za-z0-9._/#-]*$", "A ticket or call number: letters, digits and . _ / # -")


class PlayerContact(models.Model):
    """
    One message, call or letter. Append-only.

    Its text stays in the help desk, under `reference`; here stands how many words of the maintained list it contained.
    """

    class Channel(models.TextChoices):
        """How."""

        EMAIL = "email", "E-mail"
        CHAT = "chat", "Chat"
        PHONE = "phone", "Phone"
        LETTER = "letter", "Letter"
        SOCIAL = "social", "Social media"
        IN_PERSON = "in_person", "In person"

    class Direction(models.TextChoices):
        """From whom."""

        RECEIVED = "received", "From the player"
        SENT = "sent", "To the player"

    class Topic(models.TextChoices):
        """About what."""

        GAMBLING_HARM = "gambling_harm", "Gambling and its harm"
        LIMITS = "limits", "Limits and exclusions"
        PAYMENTS = "payments", "Deposits and withdrawals"
        IDENTITY = "identity", "Identity and documents"
        BONUS = "bonus", "Bonuses"
        GAME = "game", "A game or round"
        COMPLAINT = "complaint", "Complaint"
        DATA = "data", "Personal data"
        OTHER = "other", "Other"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="contacts")
    channel = models.CharField(max_length=10, choices=Channel)
    direction = models.CharField(max_length=8, choices=Direction)
    topic = models.CharField(max_length=16, choices=Topic)
    words = models.PositiveSmallIntegerField(default=0, help_text="Entries of the list of concern found in the text")
    list_number = models.PositiveIntegerField(null=True, help_text="Version of that list; empty where none was read")
    reference = models.CharField(max_length=80, blank=True, validators=[REFERENCE], help_text="Ticket or call number")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(help_text="When it took place")
    recorded_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(direction="received") | Q(direction="sent", words=0, list_number=None),
                name="compliance_contact_words_of_players",
            ),
        )
        indexes = (models.Index(fields=["player", "-id"], name="compliance_contact_by_player"),)
        permissions = (("record_contact", "Records contacts with players"),)

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.get_topic_display()}"
