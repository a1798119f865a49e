"""Files that came in or go out, byte for byte, and how each one that came in was read."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.integrations.models import Integration


class StoredFile(models.Model):
    """A file in the database, in chunks, so that every worker can read it. Unique by its hash; never altered."""

    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField(help_text="Bytes")
    stored_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class FileChunk(models.Model):
    """A megabyte of a file."""

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        """In order."""

        ordering = ("file", "number")
        constraints = (models.UniqueConstraint(fields=("file", "number"), name="reconciliation_filechunk_once"),)

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"


class ImportFormat(models.TextChoices):
    """Which layout a file has."""

    ADYEN_SETTLEMENT = "adyen_settlement", "Adyen settlement detail report"
    TRUSTLY_SETTLEMENT = "trustly_settlement", "Trustly settlement report (CSV)"
    GENERIC_SETTLEMENT = "generic_settlement", "Settlement rows, by a saved column mapping"
    CAMT053 = "camt053", "Bank statement (camt.053)"
    BANK_CSV = "bank_csv", "Bank statement (CSV)"
    GAME_REPORT = "game_report", "Game provider's report (CSV)"


class ColumnMapping(models.Model):
    """Which column of an integration's own CSV means what. Data, saved once and used for each of its files."""

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    columns = models.JSONField(help_text='Our name to theirs: {"gross": "Amount", "psp_reference": "Txn id"}')
    types = models.JSONField(
        default=dict, blank=True, help_text='Their types to our movements: {"SALE": "deposit", "CHARGE": "fee"}'
    )
    delimiter = models.CharField(max_length=1, default=",")
    time_zone = models.CharField(max_length=40, default="UTC", help_text="Of times without one, e.g. Europe/Malta")

    class Meta:
        """By integration."""

        ordering = ("integration", "name")
        constraints = (models.UniqueConstraint(fields=("integration", "name"), name="reconciliation_mapping_once"),)

    def __str__(self) -> str:
        return f"{self.integration_id}: {self.name}"


class Import(models.Model):
    """
    One file that came in: all of its lines are loaded, or none.

    `business_date` is the day from which its rows count: a run for an earlier day does not see them.
    """

    class State(models.TextChoices):
        """Where it stands. A discarded one's rows stay, and no longer count."""

        RECEIVED = "received", "Waits to be read"
        READING = "reading", "Being read"
        LOADED = "loaded", "Loaded"
        FAILED = "failed", "Not loaded: see its lines"
        DISCARDED = "discarded", "Discarded"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="imported")
    format = models.CharField(max_length=20, choices=ImportFormat)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="+")
    mapping = models.ForeignKey(ColumnMapping, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    business_date = models.DateField(null=True, help_text="From this day on its rows count")
    rows = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    issue_count = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()
    loaded_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)
    discarded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    discard_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        """The rules hold in the database."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["integration", "business_date"], name="reconciliation_import_by_day"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("received", "reading", "loaded", "failed", "discarded")),
                name="reconciliation_import_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("loaded", "discarded"))
                | Q(business_date__isnull=False, loaded_at__isnull=False),
                name="reconciliation_import_loaded",
            ),
            models.CheckConstraint(
                condition=~Q(state="discarded") | Q(discarded_by__isnull=False, discarded_at__isnull=False),
                name="reconciliation_import_discarded",
            ),
        )  # fmt: skip
        permissions = (
            ("upload_import", "Can upload files of providers and banks"),
            ("discard_import", "Can discard an imported file"),
        )

    def __str__(self) -> str:
        return self.file.name


class ImportIssue(models.Model):
    """What is wrong with one line of a file that was not loaded."""

    import_file = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="issues")
    line = models.PositiveBigIntegerField(help_text="As a text editor counts them, from 1; 0: the file as a whole")
    column = models.CharField(max_length=80, blank=True)
    problem = models.CharField(max_length=200)
    value = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField()

    class Meta:
        """From the top."""

        ordering = ("import_file", "line", "id")

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"
