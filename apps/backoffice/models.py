"""What the staff site itself keeps: looks at personal data, downloads, log-ins of staff, and the filters they keep."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.chains import ChainedRow
from apps.players.models import Player

_USER = settings.AUTH_USER_MODEL


class PersonalDataRead(ChainedRow):
    """One look at unmasked personal data. Append-only by trigger, each row sealing the one before it."""

    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    fields = ArrayField(models.CharField(max_length=20), default=list)
    case_id = models.BigIntegerField(null=True, help_text="The open case of the player that the person held then")
    purpose = models.CharField(max_length=300)
    remote_address = models.CharField(max_length=45)
    request_id = models.UUIDField(null=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = "look at personal data"
        verbose_name_plural = "looks at personal data"
        permissions = (
            ("view_figures", "Can see turnover, GGR and other figures of the business"),
            ("approve_roles", "Can agree to a colleague's change of somebody's roles"),
            ("approve_unmasking", "Can agree to a colleague's looks at personal data beyond the hourly number"),
        )
        indexes = (
            models.Index(fields=["player", "-read_at"], name="backoffice_read_by_player"),
            models.Index(fields=["user", "-read_at"], name="backoffice_read_by_user"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} looked at player {self.player_id}"


class UnmaskAllowance(models.Model):
    """A colleague agreed to so many more looks, until then. Whoever looks uses it up, row locked."""

    user = models.ForeignKey(_USER, on_delete=models.CASCADE, related_name="+")
    looks_left = models.PositiveSmallIntegerField()
    granted_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=["user", "-until"], name="backoffice_allowance"),)

    def __str__(self) -> str:
        return f"{self.looks_left} looks of {self.user_id}"


class Download(ChainedRow):
    """A file that left the staff site: written before its first byte does. Append-only by trigger, and chained."""

    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    view = models.CharField(max_length=120, help_text="Which page handed it out")
    path = models.CharField(max_length=300)
    file_name = models.CharField(max_length=200)
    purpose = models.CharField(max_length=300, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Empty for a file that is streamed")
    remote_address = models.CharField(max_length=45)
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["user", "-at"], name="backoffice_download_by_user"),)

    def __str__(self) -> str:
        return self.file_name


class WalledDownload(ChainedRow):
    """The same behind the wall: a chain of its own, or the gap in the other's numbers would tell."""

    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    view = models.CharField(max_length=120)
    path = models.CharField(max_length=300)
    file_name = models.CharField(max_length=200)
    purpose = models.CharField(max_length=300, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    remote_address = models.CharField(max_length=45)
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.file_name


class ChainCheck(models.Model):
    """One check of a chain. A sound one anchors it: what was the newest row then must still be there. Append-only."""

    table = models.CharField(max_length=60)
    head_number = models.BigIntegerField()
    head_hash = models.CharField(max_length=64, blank=True)
    breaks = models.JSONField(default=list)
    checked_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        indexes = (models.Index(fields=["table", "-id"], name="backoffice_check_by_table"),)

    def __str__(self) -> str:
        return f"{self.table} to {self.head_number}"


class StaffSession(models.Model):
    """One log-in of a member of staff, so that they see where they are logged in and end what is not theirs."""

    class End(models.TextChoices):
        """Why it is over."""

        IDLE = "idle", "Idle for too long"
        REVOKED = "revoked", "Ended from another log-in, or by the admin role"

    user = models.ForeignKey(_USER, on_delete=models.CASCADE, related_name="staff_sessions")
    session_key = models.CharField(max_length=40, editable=False)
    remote_address = models.CharField(max_length=45)
    user_agent = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    factor_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=12, choices=End, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        indexes = (models.Index(fields=["user", "-id"], name="backoffice_session_by_user"),)

    def __str__(self) -> str:
        return f"{self.user_id} since {self.started_at:%Y-%m-%d %H:%M}"


class KeptView(models.Model):
    """Filters of a list under a name, one person's own; its address can be given to a colleague."""

    user = models.ForeignKey(_USER, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=120, help_text="URL name of the list")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True)
    kept_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ("page", "name")
        constraints = (models.UniqueConstraint(fields=("user", "page", "name"), name="backoffice_keptview_name"),)

    def __str__(self) -> str:
        return self.name
