"""Everything about one player as a ZIP: asked for by staff, built by a task, downloaded with a record, then deleted."""

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any

import structlog
from celery import current_app
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.brands.models import StaffScope
from apps.compliance.holdings import Holding, holdings
from apps.compliance.models.retention import DataExport, DataExportDownload, DataExportFile
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.players.models import Player

EXPORT_PERMISSION = "compliance.export_player"
KEPT_FOR = timedelta(days=7)
# A worker that has not finished by then has died: the task's own time limit is shorter.
_STUCK_AFTER = timedelta(minutes=10)
_IN_MEMORY = 8 * 1024 * 1024
# Spreadsheets take a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_State = DataExport.State
_log = structlog.get_logger(__name__)
_README = """Everything {brand} holds about you, as of {at} UTC.

Each kind of data is there twice: as .json (exact) and as .csv (for spreadsheets). Times are UTC; amounts are in main
units of their currency. manifest.json lists every file with its number of rows and its SHA-256.

{contents}
"""


class ExportUnknown(DomainError):
    """There is no such export or player, or the member of staff does not serve the brand."""

    code = "export-unknown"
    title = "Unknown export"
    status = 404


class ExportNotReady(DomainError):
    """The export is still being made, failed, or its file has been deleted after its time."""

    code = "export-not-ready"
    title = "The export cannot be downloaded"
    status = 409


@transaction.atomic
def request_export(*, player_id: int, purpose: str, actor: User, now: datetime) -> DataExport:
    """
    Have a player's data collected; a worker does it.

    :raises PermissionDenied: if the person may not export players
    :raises ExportUnknown: if there is no such player of a brand the person serves
    """
    if not actor.has_perm(EXPORT_PERMISSION):
        raise PermissionDenied
    player = Player.objects.filter(pk=player_id).first()
    if player is None or not _serves(actor, player.brand_id):
        raise ExportUnknown
    export = DataExport.objects.create(player=player, purpose=purpose.strip(), asked_by=actor, asked_at=now)
    _enqueue_on_commit(export.pk)
    return export


def build_export(*, export_id: int, now: datetime) -> bool:
    """
    Collect the data and keep the ZIP; False if there was nothing to do.

    What a worker began and did not finish is begun anew by the next. Reading is not one transaction: a player may have
    millions of rows. The file appears, whole, in one.
    """
    parts = holdings()
    if not _begin(export_id, len(parts), now):
        return False
    export = DataExport.objects.select_related("player__brand").get(pk=export_id)
    try:
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            _write_zip(file, export, parts, now)
            _finish(export, file, now)
    except Exception as error:
        _log.exception("export failed", export_id=export_id)
        _fail(export_id, f"{type(error).__name__}", now)
        raise
    return True


@transaction.atomic
def download(*, export_id: int, actor: User, remote_address: str, now: datetime) -> bytes:
    """
    Return the ZIP, and record who took it.

    :raises PermissionDenied: if the person may not export players
    :raises ExportUnknown: if there is no such export of a brand the person serves
    :raises ExportNotReady: if there is no file, or no longer
    """
    if not actor.has_perm(EXPORT_PERMISSION):
        raise PermissionDenied
    export = DataExport.objects.select_related("player").filter(pk=export_id).first()
    if export is None or not _serves(actor, export.player.brand_id):
        raise ExportUnknown
    file = DataExportFile.objects.filter(export=export).first()
    if export.state != _State.READY or file is None or export.expires_at is None or now >= export.expires_at:
        raise ExportNotReady
    DataExportDownload.objects.create(
        export=export, user=actor, remote_address=remote_address, request_id=current_request_id(), at=now
    )
    return bytes(file.content)


def sweep_exports(*, now: datetime) -> tuple[int, int]:
    """Queue what no worker took or finished, and delete files past their time; returns how many of each."""
    for export_id in list(_to_be_built(now).values_list("pk", flat=True)):
        _send(export_id)
    queued = _to_be_built(now).count()
    expired = 0
    with transaction.atomic():
        over = DataExport.objects.select_for_update(skip_locked=True, no_key=True).filter(
            state=_State.READY, expires_at__lte=now
        )
        for export in over.order_by("pk"):
            DataExportFile.objects.filter(export=export).delete()
            export.expire()
            export.save(update_fields=["state"])
            expired += 1
    return queued, expired


def _to_be_built(now: datetime) -> QuerySet[DataExport]:
    long_ago = now - _STUCK_AFTER
    return DataExport.objects.filter(
        Q(state=_State.QUEUED, asked_at__lte=now - timedelta(minutes=1))
        | Q(state=_State.BUILDING, begun_at__lte=long_ago)
    )


@transaction.atomic
def _begin(export_id: int, parts: int, now: datetime) -> bool:
    export = DataExport.objects.select_for_update(no_key=True).filter(pk=export_id).first()
    if export is None or export.state not in (_State.QUEUED, _State.BUILDING):
        return False
    if export.state == _State.BUILDING and export.begun_at and export.begun_at > now - _STUCK_AFTER:
        return False  # another worker is at it
    export.begin(at=now, parts=parts)
    export.save(update_fields=["state", "begun_at", "parts", "parts_done"])
    return True


def _write_zip(file: IO[bytes], export: DataExport, parts: list[Holding], now: datetime) -> None:
    manifest = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, part in enumerate(parts, 1):
            manifest += _write_part(archive, part, export.player)
            DataExport.objects.filter(pk=export.pk).update(parts_done=number)
        contents = "\n".join(f"{part.name}: {part.title}" for part in parts)
        at = f"{now.astimezone(UTC):%d %B %Y %H:%M}"
        archive.writestr("README.txt", _README.format(brand=export.player.brand.name, at=at, contents=contents))
        archive.writestr("manifest.json", json.dumps(manifest, indent=2))


def _write_part(archive: zipfile.ZipFile, part: Holding, player: Player) -> list[dict[str, Any]]:
    """Stream the rows into two temporary files: a ZIP takes one member at a time."""
    with (
        tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as exact,
        tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as sheet,
    ):
        rows = _write_rows(part.export(player), exact, sheet)
        return [_add(archive, f"{part.name}.json", exact, rows), _add(archive, f"{part.name}.csv", sheet, rows)]


def _write_rows(rows: Iterable[dict[str, Any]], exact: IO[bytes], sheet: IO[bytes]) -> int:
    count = 0
    exact.write(b"[")
    for row in rows:
        plain = {name: _plain(value) for name, value in row.items()}
        line = io.StringIO(newline="")
        writer = csv.writer(line)
        if count == 0:
            writer.writerow(plain)
        writer.writerow(_cell(value) for value in plain.values())
        sheet.write(line.getvalue().encode())
        exact.write((b",\n" if count else b"\n") + json.dumps(plain, ensure_ascii=False).encode())
        count += 1
    exact.write(b"\n]\n")
    return count


def _add(archive: zipfile.ZipFile, name: str, file: IO[bytes], rows: int) -> dict[str, Any]:
    file.seek(0)
    digest = hashlib.sha256()
    with archive.open(name, "w") as member:
        while block := file.read(1024 * 1024):
            digest.update(block)
            member.write(block)
    return {"file": name, "rows": rows, "sha256": digest.hexdigest()}


@transaction.atomic
def _finish(export: DataExport, file: IO[bytes], now: datetime) -> None:
    file.seek(0)
    content = file.read()
    locked = DataExport.objects.select_for_update(no_key=True).get(pk=export.pk)
    if locked.state != _State.BUILDING:
        return
    DataExportFile.objects.update_or_create(export=locked, defaults={"content": content})
    locked.finish(
        at=now, expires_at=now + KEPT_FOR, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
    )
    locked.save(update_fields=["state", "finished_at", "expires_at", "sha256", "size_bytes"])


@transaction.atomic
def _fail(export_id: int, error: str, now: datetime) -> None:
    export = DataExport.objects.select_for_update(no_key=True).get(pk=export_id)
    if export.state == _State.BUILDING:
        export.fail(at=now, error=error)
        export.save(update_fields=["state", "finished_at", "error"])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | int | bool | list | dict | None) else str(value)


def _cell(value: Any) -> str:
    """Write one cell; what a spreadsheet would run as a formula gets an apostrophe, numbers excepted."""
    text = "" if value is None else json.dumps(value) if isinstance(value, list | dict) else str(value)
    if text.startswith(_FORMULA) and not text.lstrip("-").replace(".", "", 1).isdecimal():
        return f"'{text}"
    return text


def _enqueue_on_commit(export_id: int) -> None:
    transaction.on_commit(lambda: _send(export_id), robust=True)


def _send(export_id: int) -> None:
    """Ask a worker for it. If Redis is away, the sweeper asks again."""
    current_app.send_task("compliance.build_export", kwargs={"export_id": export_id})


def _serves(person: User, brand_id: int) -> bool:
    return person.is_superuser or StaffScope.objects.filter(user=person, brand_id=brand_id).exists()
