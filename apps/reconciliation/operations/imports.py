"""Taking files in: receiving, reading, discarding. All of a file's lines count, or none."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import IO, BinaryIO

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DataError, connection, transaction
from psycopg import DataError as CopyDataError

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.integrations.models import Integration
from apps.reconciliation.files import opened, store_file
from apps.reconciliation.importing.copying import copy_rows
from apps.reconciliation.importing.csv_lines import FileRefused, Issue
from apps.reconciliation.importing.game_reports import read_game_report
from apps.reconciliation.importing.settlements import load_settlement
from apps.reconciliation.importing.statements import read_bank_csv, read_camt
from apps.reconciliation.models import ColumnMapping, Import, ImportIssue
from apps.reconciliation.models.files import ImportFormat
from apps.reconciliation.progress import Progress

UPLOAD_PERMISSION = "reconciliation.upload_import"
DISCARD_PERMISSION = "reconciliation.discard_import"
SETTLEMENTS = (ImportFormat.ADYEN_SETTLEMENT, ImportFormat.TRUSTLY_SETTLEMENT, ImportFormat.GENERIC_SETTLEMENT)
STATEMENTS = (ImportFormat.CAMT053, ImportFormat.BANK_CSV)
_GAME_COLUMNS = (
    "import_file_id", "integration_id", "line", "day", "game_code", "round_ref", "currency", "rounds", "staked", "won",
    "refunded",
)  # fmt: skip
_BANK_COLUMNS = (
    "import_file_id", "line", "account", "currency", "units", "booked_on", "reference", "counterparty",
)  # fmt: skip


class FileKnown(DomainError):
    """The same bytes have come in before; they count once."""

    code = "reconciliation-file-known"
    title = "This file has been imported already"
    status = 409


class ImportNotSound(DomainError):
    """Format, integration and mapping do not go together."""

    code = "reconciliation-import-not-sound"
    title = "The file cannot be imported like that"
    status = 422


class ImportUnknown(DomainError):
    """There is no such import, or it is another brand's."""

    code = "reconciliation-import-unknown"
    title = "Unknown import"
    status = 404


class ImportNotThere(DomainError):
    """The import is not in a state in which that can be done."""

    code = "reconciliation-import-state"
    title = "That cannot be done with this import now"
    status = 409


@transaction.atomic
def receive_file(
    *,
    name: str,
    content: BinaryIO | IO[bytes],
    file_format: str,
    integration: Integration,
    now: datetime,
    mapping: ColumnMapping | None = None,
    business_date: date | None = None,
    actor: User | None = None,
    media_type: str = "text/csv",
) -> Import:
    """
    Keep a file as it came and queue its reading.

    :param business_date: from which day on it counts; by default the day of its last line
    :param actor: who uploads it; None when the platform fetched it itself
    :raises PermissionDenied: if the actor may not upload
    :raises ImportNotSound: if format, integration and mapping do not go together
    :raises FileKnown: if the same bytes were imported before
    """
    if actor is not None:
        _require(actor, UPLOAD_PERMISSION, integration)
    if file_format not in ImportFormat.values:
        raise ImportNotSound("Unknown format.")
    if (file_format == ImportFormat.GENERIC_SETTLEMENT) != (mapping is not None):
        raise ImportNotSound("A column mapping goes with “settlement rows, by a saved column mapping”, and only there.")
    if mapping is not None and mapping.integration_id != integration.pk:
        raise ImportNotSound("The column mapping is another integration's.")
    wanted = Integration.Kind.GAMES if file_format == ImportFormat.GAME_REPORT else Integration.Kind.PAYMENTS
    if integration.kind != wanted:
        raise ImportNotSound(f"{integration.slug} is no {Integration.Kind(wanted).label.lower()}.")
    stored, is_new = store_file(name=name, media_type=media_type, content=content, now=now)
    if not is_new and (known := Import.objects.filter(file=stored).first()):
        raise FileKnown(f"These bytes came in on {known.received_at:%Y-%m-%d %H:%M} UTC already, as “{stored.name}”.")
    imported = Import.objects.create(
        file=stored,
        format=file_format,
        integration=integration,
        mapping=mapping,
        business_date=business_date,
        uploaded_by=actor,
        received_at=now,
    )
    enqueue_on_commit("reconciliation.read_import", import_id=imported.pk)
    return imported


def read_import(*, import_id: int, now: datetime) -> Import:
    """
    Read a received file and load its lines, all or none; then have the days it changes compared anew.

    May be called twice at once: the second one leaves.
    """
    progress = Progress(f"import-{import_id}")
    Import.objects.filter(pk=import_id, state=Import.State.RECEIVED).update(state=Import.State.READING)
    try:
        with transaction.atomic():
            unlocked = Import.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            waiting = unlocked.filter(pk=import_id, state=Import.State.READING)
            imported = waiting.select_related("file", "integration", "mapping").first()
            if imported is None:
                return Import.objects.get(pk=import_id)
            rows, last_at = _load(imported, progress)
            imported.state, imported.rows, imported.loaded_at = Import.State.LOADED, rows, now
            imported.business_date = imported.business_date or last_at
            imported.save(update_fields=["state", "rows", "loaded_at", "business_date"])
            _compare_anew(imported)
    except FileRefused as refusal:
        return _note_failure(import_id, refusal.issues, now)
    except (DataError, CopyDataError) as error:
        # What no check of ours names, such as a NUL in a text.
        return _note_failure(import_id, (Issue(0, "", str(error).splitlines()[0][:200]),), now)
    return imported


def _load(imported: Import, progress: Progress) -> tuple[int, date]:
    with opened(imported.file) as stream:
        if imported.format in SETTLEMENTS:
            rows, last_at = load_settlement(imported, stream, progress)
            return rows, last_at.date()
        if imported.format == ImportFormat.GAME_REPORT:
            keys = (str(imported.pk), str(imported.integration_id))
            lines = ((*keys, *map(str, line)) for line in read_game_report(stream, progress))
            return _copied("reconciliation_gamereportrow", _GAME_COLUMNS, lines, "day", imported)
        entries = (
            read_camt(stream, progress) if imported.format == ImportFormat.CAMT053 else read_bank_csv(stream, progress)
        )
        lines = ((str(imported.pk), *map(str, entry)) for entry in entries)
        return _copied("reconciliation_bankline", _BANK_COLUMNS, lines, "booked_on", imported)


def _copied(
    table: str, columns: tuple[str, ...], lines: Iterable[tuple[str, ...]], day: str, imported: Import
) -> tuple[int, date]:
    """Copy by way of a staging table, in which an empty text is a text."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS recon_lines")
        cursor.execute(f"CREATE TEMP TABLE recon_lines (LIKE {table}) ON COMMIT DROP")
        cursor.execute(
            "DO $$ DECLARE c record; BEGIN"
            " FOR c IN SELECT attname FROM pg_attribute"
            "           WHERE attrelid = 'recon_lines'::regclass AND attnum > 0 AND attnotnull LOOP"
            "     EXECUTE format('ALTER TABLE recon_lines ALTER %I DROP NOT NULL', c.attname);"
            " END LOOP; END $$"
        )
        count = copy_rows("recon_lines", columns, lines)
        if not count:
            raise FileRefused(Issue(0, "", "has no lines"))
        texts = {"reference", "counterparty", "account", "round_ref", "game_code"}
        taken = ", ".join(f"coalesce({name}, '')" if name in texts else name for name in columns)
        into = f"{table} ({', '.join(columns)})"
        cursor.execute(f"INSERT INTO {into} SELECT {taken} FROM recon_lines ORDER BY line")  # noqa: S608 - our own names
        cursor.execute(f"SELECT max({day}) FROM {table} WHERE import_file_id = %s", [imported.pk])  # noqa: S608 - likewise
        (last,) = cursor.fetchone()
    return count, last


def _note_failure(import_id: int, issues: tuple[Issue, ...], now: datetime) -> Import:
    with transaction.atomic():
        imported = _lock(import_id)
        first = issues[0]
        where = f"line {first.line}: " if first.line else ""
        imported.state = Import.State.FAILED
        imported.error = f"{where}{f'“{first.column}” ' if first.column else ''}{first.problem}"[:500]
        imported.issue_count = len(issues)
        imported.save(update_fields=["state", "error", "issue_count"])
        ImportIssue.objects.bulk_create(
            ImportIssue(
                import_file=imported,
                line=each.line,
                column=each.column[:80],
                problem=each.problem[:200],
                value=each.value[:200].replace("\x00", "�"),
                found_at=now,
            )
            for each in issues
        )
    return imported


@transaction.atomic
def read_again(*, import_id: int, actor: User) -> Import:
    """
    Queue a file that was refused once more: its column mapping may have been put right.

    :raises PermissionDenied: if the actor may not upload
    :raises ImportNotThere: if it was not refused
    """
    imported = _lock(import_id)
    _require(actor, UPLOAD_PERMISSION, imported.integration)
    if imported.state != Import.State.FAILED:
        raise ImportNotThere("Only a file that was refused is read again.")
    imported.state, imported.error, imported.issue_count = Import.State.RECEIVED, "", 0
    imported.save(update_fields=["state", "error", "issue_count"])
    enqueue_on_commit("reconciliation.read_import", import_id=imported.pk)
    return imported


@transaction.atomic
def discard_import(*, import_id: int, reason: str, actor: User, now: datetime) -> Import:
    """
    Let a file count no more, because a corrected one follows. Its rows stay where they are.

    :raises PermissionDenied: if the actor may not discard
    :raises ImportNotThere: if it is not loaded
    """
    imported = _lock(import_id)
    _require(actor, DISCARD_PERMISSION, imported.integration)
    if imported.state != Import.State.LOADED:
        raise ImportNotThere("Only a loaded file is discarded.")
    imported.state, imported.discarded_at, imported.discarded_by = Import.State.DISCARDED, now, actor
    imported.discard_reason = reason.strip()[:300]
    imported.save(update_fields=["state", "discarded_at", "discarded_by", "discard_reason"])
    _compare_anew(imported)
    return imported


def _compare_anew(imported: Import) -> None:
    """Have the days compared again that were compared without this file (or with it), and the ledger follow it."""
    if imported.format in (*SETTLEMENTS, *STATEMENTS):
        enqueue_on_commit("reconciliation.post_settlements")
    if imported.business_date is not None:
        enqueue_on_commit(
            "reconciliation.rerun_since",
            integration_id=0 if imported.format in STATEMENTS else imported.integration_id or 0,
            day=imported.business_date.isoformat(),
        )


def _lock(import_id: int) -> Import:
    rows = Import.objects.select_for_update(no_key=True, of=("self",)).select_related("file", "integration", "mapping")
    imported = rows.filter(pk=import_id).first()
    if imported is None:
        raise ImportUnknown
    return imported


def _require(actor: User, permission: str, integration: Integration | None) -> None:
    if not actor.has_perm(permission):
        raise PermissionDenied
    if not actor.is_superuser and integration is not None:
        scope = StaffScope.objects.filter(user=actor, brand__code=integration.brand_code)
        if not scope.exists():
            raise ImportUnknown
