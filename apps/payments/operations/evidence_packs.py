"""Building evidence packs: section by section in a task, kept with their hashes; who takes a copy is written down."""

import hashlib
import io
import json
import zipfile
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.payments.evidence import sections
from apps.payments.models import Dispute, EvidenceDownload, EvidencePack
from apps.payments.operations.dispute_answers import ANSWER_PERMISSION, lock_dispute
from apps.payments.operations.steps import PaymentUnknown

DOWNLOAD_PERMISSION = "payments.download_evidencepack"
State = EvidencePack.State
# Longer than a pack takes: its worker is gone.
STUCK_AFTER = timedelta(minutes=10)
# One date for every entry, so that the same evidence makes the same file.
_ENTRY_DATE = (2000, 1, 1, 0, 0, 0)
_COMPLETE = 100


class EvidenceNotReady(DomainError):
    """The pack is still being built, or its building failed."""

    code = "evidence-not-ready"
    title = "The evidence pack is not ready"
    status = 409


@transaction.atomic
def request_pack(*, dispute_id: int, actor: User, now: datetime) -> EvidencePack:
    """
    Have a pack built; while one is being built there is no second.

    :raises PermissionDenied: if the actor may not
    """
    if not actor.has_perm(ANSWER_PERMISSION):
        raise PermissionDenied
    dispute = lock_dispute(dispute_id, actor)
    running = dispute.packs.filter(state__in=(State.QUEUED, State.BUILDING)).first()
    if running is not None:
        return running
    pack = EvidencePack.objects.create(dispute=dispute, requested_by=actor, requested_at=now)
    enqueue_on_commit("payments.build_evidence_pack", pack_id=pack.pk)
    return pack


def build_pack(*, pack_id: int, now: datetime) -> EvidencePack:
    """
    Build a pack that waits for it, section by section; each section's progress is committed for staff to see.

    Twice at once it is built once. One whose worker was lost is begun anew.
    """
    if not _claim(pack_id, now):
        return EvidencePack.objects.defer("content").get(pk=pack_id)
    dispute = Dispute.objects.select_related("deposit__player", "deposit__instrument", "contract").get(packs=pack_id)
    try:
        files = _collected(pack_id, dispute, now)
        content, manifest = zipped(files)
    except Exception as error:
        EvidencePack.objects.filter(pk=pack_id).update(
            state=State.FAILED, error=f"{type(error).__name__}: {error}"[:300], finished_at=now
        )
        raise
    EvidencePack.objects.filter(pk=pack_id, state=State.BUILDING).update(
        state=State.READY,
        progress=_COMPLETE,
        section="",
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        manifest=manifest,
        finished_at=now,
    )
    return EvidencePack.objects.defer("content").get(pk=pack_id)


def _claim(pack_id: int, now: datetime) -> bool:
    lost = Q(state=State.BUILDING, started_at__lte=now - STUCK_AFTER)
    waiting = EvidencePack.objects.filter(Q(state=State.QUEUED) | lost, pk=pack_id)
    return waiting.update(state=State.BUILDING, started_at=now, progress=0, error="") == 1


def _collected(pack_id: int, dispute: Dispute, now: datetime) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    wanted = sections()
    for number, (name, section) in enumerate(wanted):
        EvidencePack.objects.filter(pk=pack_id).update(section=name, progress=_COMPLETE * number // len(wanted))
        files |= dict(section(dispute, now))
    return files


def zipped(files: dict[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """Pack files with a manifest of their SHA-256 hashes; the same files make the same bytes."""
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        listed = json.dumps({"sha256": manifest}, indent=2).encode() + b"\n"
        for name, content in (("manifest.json", listed), *sorted(files.items())):
            entry = zipfile.ZipInfo(name, _ENTRY_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return out.getvalue(), manifest


@transaction.atomic
def take_copy(*, pack_id: int, actor: User, remote_address: str, now: datetime) -> tuple[EvidencePack, bytes]:
    """
    Hand out a pack; who took it is kept, in the same transaction.

    :raises PermissionDenied: if the actor may not
    :raises PaymentUnknown: if there is none in the actor's brands
    :raises EvidenceNotReady: if it is not built
    """
    if not actor.has_perm(DOWNLOAD_PERMISSION):
        raise PermissionDenied
    pack = EvidencePack.objects.select_related("dispute").filter(pk=pack_id).first()
    if pack is None:
        raise PaymentUnknown
    lock_dispute(pack.dispute_id, actor)
    if pack.state != State.READY or pack.content is None:
        raise EvidenceNotReady
    EvidenceDownload.objects.create(
        pack=pack, actor=actor, sha256=pack.sha256, remote_address=remote_address[:45], at=now
    )
    return pack, bytes(pack.content)
