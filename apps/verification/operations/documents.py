"""Documents: taking them in, opening them with a purpose, deciding on them."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.verification.access import require
from apps.verification.file_store import delete_file, read_file, store_file
from apps.verification.models import Document, EvidenceRead, PlayerFact, ScreeningHit, Verification
from apps.verification.operations.facts import add_fact

OPEN_PERMISSION, DECIDE_PERMISSION = "verification.open_document", "verification.decide_document"
LARGEST_BYTES = 10 * 2**20
MOST_A_PLAYER = 100
_SHORTEST_PURPOSE = 5
_LONGEST_PURPOSE = 300
_SNIFFED = 1024

SIGNATURES: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "image/jpeg": (b"\xff\xd8\xff",),
        "image/png": (b"\x89PNG\r\n\x1a\n",),
        "application/pdf": (b"%PDF-",),
    }
)
"""What is taken, by its first bytes. Nothing that a browser would run, and nothing that holds other files."""
# A picture that is a web page too.
_SUSPICIOUS = (b"<script", b"<html", b"<!doctype", b"<svg", b"<?php")
_ACTIVE_PDF = (b"/JavaScript", b"/JS ", b"/Launch", b"/EmbeddedFile")


class DocumentNotAccepted(DomainError):
    """Only JPEG, PNG and PDF are taken, of 10 MB at most, and nothing with programs in it."""

    code = "document-not-accepted"
    title = "The document can not be taken"
    status = 422


class TooManyDocuments(DomainError):
    """A player has sent more documents than anybody could look at."""

    code = "too-many-documents"
    title = "Too many documents"
    status = 409


class PurposeMissing(DomainError):
    """Whoever opens a document says why."""

    code = "purpose-missing"
    title = "Say why you open the document"
    status = 422


class DocumentDecided(DomainError):
    """Somebody was faster."""

    code = "document-decided"
    title = "The document has been decided on"
    status = 409


def add_document(
    *,
    player: Player,
    kind: str,
    content: bytes,
    uploaded_by: str,
    now: datetime,
    verification: Verification | None = None,
) -> Document:
    """
    Keep a document, encrypted. The same file sent again is the same document.

    :param uploaded_by: `player`, or a member of staff
    :raises DocumentNotAccepted: if it is empty, too large, or not of a kind that is taken
    :raises TooManyDocuments: if there are too many already
    """
    content_type = sniffed_type(content)
    sha256 = hashlib.sha256(content).hexdigest()
    mine = Document.objects.filter(player=player)
    known = mine.filter(kind=kind, sha256=sha256).first()
    if known is not None:
        return known
    if mine.count() >= MOST_A_PLAYER:
        raise TooManyDocuments
    name, kid = store_file(content)
    try:
        with transaction.atomic():
            made = Document.objects.create(
                player=player,
                verification=verification,
                kind=kind,
                storage_name=name,
                master_kid=kid,
                content_type=content_type,
                size_bytes=len(content),
                sha256=sha256,
                uploaded_by=uploaded_by,
                uploaded_at=now,
            )
            _tell(made, player, "received", now)
    except IntegrityError:
        delete_file(name)
        return mine.get(kind=kind, sha256=sha256)
    return made


def open_document(
    *, document_id: int, purpose: str, actor: User, remote_address: str, now: datetime
) -> tuple[Document, bytes]:
    """
    Write down who looks and why, then read the file.

    :raises PermissionDenied: if the actor may not
    :raises PurposeMissing: if no purpose is given
    :raises FileMissing, UnableToDecrypt: if the file is not what was stored; the attempt stays recorded
    """
    document = Document.objects.select_related("player").get(pk=document_id)
    require(actor, OPEN_PERMISSION, brand_id=document.player.brand_id)
    record_read(document=document, purpose=purpose, actor=actor, remote_address=remote_address, now=now)
    return document, read_file(document.storage_name, master_kid=document.master_kid)


def record_read(
    *,
    purpose: str,
    actor: User,
    remote_address: str,
    now: datetime,
    document: Document | None = None,
    hit: ScreeningHit | None = None,
) -> None:
    """Write down who is about to look at what, and why. :raises PurposeMissing: if no purpose is given."""
    if len(purpose.strip()) < _SHORTEST_PURPOSE:
        raise PurposeMissing
    EvidenceRead.objects.create(
        document=document,
        hit=hit,
        user=actor,
        purpose=purpose.strip()[:_LONGEST_PURPOSE],
        remote_address=remote_address,
        request_id=current_request_id(),
        at=now,
    )


@transaction.atomic
def decide_document(
    *, document_id: int, accept: bool, note: str, valid_to: datetime | None, actor: User, now: datetime
) -> Document:
    """
    Accept or refuse a document; what is accepted becomes a fact that rests on it.

    :raises PermissionDenied: if the actor may not
    :raises DocumentDecided: if somebody has decided
    """
    document = (
        Document.objects.select_for_update(no_key=True, of=("self",))
        .select_related("player__brand")
        .get(pk=document_id)
    )
    require(actor, DECIDE_PERMISSION, brand_id=document.player.brand_id)
    if document.state != Document.State.RECEIVED:
        raise DocumentDecided
    document.state = Document.State.ACCEPTED if accept else Document.State.REFUSED
    document.decided_by, document.decided_at, document.note = actor, now, note.strip()
    document.save(update_fields=["state", "decided_by", "decided_at", "note"])
    if accept and document.kind in PlayerFact.Kind.values and document.kind != PlayerFact.Kind.INSTRUMENT:
        add_fact(
            player_id=document.player_id,
            kind=document.kind,
            outcome=PlayerFact.Outcome.CONFIRMED,
            method="document",
            level=PlayerFact.Level.STANDARD,
            value={"document": str(document.public_id)},
            evidence=document.sha256,
            valid_to=valid_to,
            reason=note,
            verification=document.verification,
            now=now,
        )
    _tell(document, document.player, document.state, now)
    return document


def sniffed_type(content: bytes) -> str:
    """
    Say what a file is by its bytes; what was declared does not count.

    :raises DocumentNotAccepted: if it is nothing that is taken
    """
    if not content or len(content) > LARGEST_BYTES:
        raise DocumentNotAccepted(f"A file of 1 to {LARGEST_BYTES // 2**20} MB.")
    kind = next((name for name, starts in SIGNATURES.items() if content.startswith(starts)), None)
    if kind is None:
        raise DocumentNotAccepted("Neither JPEG, PNG nor PDF.")
    head = content[:_SNIFFED].lower()
    if any(each in head for each in _SUSPICIOUS):
        raise DocumentNotAccepted("It holds a web page.")
    if kind == "application/pdf" and any(each in content for each in _ACTIVE_PDF):
        raise DocumentNotAccepted("A PDF with programs or files in it.")
    return kind


def _tell(document: Document, player: Player, what: str, now: datetime) -> None:
    record_fact(
        kind=f"verification.document.{what}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(document.public_id),
        data={"kind": document.kind},
        now=now,
    )
