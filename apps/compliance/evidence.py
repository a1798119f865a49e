"""Evidence: files kept by their hash, transactions and exchanges pinned as they were. Added to, never replaced."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from apps.compliance.cases.steps import CaseUnknown, UnableToDoThat, lock_for, record, require_held_by, save
from apps.compliance.models import Case, Evidence
from apps.compliance.queues import may_see
from apps.core.admin_display import amount_text
from apps.core.errors import DomainError
from apps.integrations.models import Exchange
from apps.transactions.models import Transaction, Transfer

MOST_BYTES = 20 * 1024 * 1024
# Nothing a browser would run when it is looked at.
ALLOWED_TYPES = frozenset(
    {"application/pdf", "image/png", "image/jpeg", "text/plain", "text/csv", "message/rfc822", "application/json"}
)


class EvidenceRefused(DomainError):
    """The file is too large, empty, or of a kind that is not kept."""

    code: ClassVar[str] = "evidence-refused"
    title: ClassVar[str] = "The file can not be kept"
    status: ClassVar[int] = 422


class EvidenceDamaged(DomainError):
    """What lies in the store is not what was put there; somebody has to look into this at once."""

    code: ClassVar[str] = "evidence-damaged"
    title: ClassVar[str] = "The stored file is not what was stored"
    status: ClassVar[int] = 500


@transaction.atomic
def add_file(
    *,
    case_id: int,
    name: str,
    content_type: str,
    chunks: Iterable[bytes],
    title: str,
    actor: User,
    now: datetime,
    supersedes_id: int | None = None,
) -> Evidence:
    """
    Keep a file, hashed, outside the web's reach.

    :param supersedes_id: an earlier piece of the case that this one corrects; that one stays
    :raises EvidenceRefused: if it is empty, too large or of another kind
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    if content_type not in ALLOWED_TYPES:
        raise EvidenceRefused(f"Kept are: {', '.join(sorted(ALLOWED_TYPES))}.")
    content = _limited(chunks)
    digest = hashlib.sha256(content).hexdigest()
    store(digest, content)
    return _add(
        case, actor, now, kind=Evidence.Kind.FILE, title=title, file_name=Path(name).name[-200:],
        content_type=content_type, size=len(content), sha256=digest, supersedes=_superseded(case, supersedes_id),
    )  # fmt: skip


@transaction.atomic
def pin_transaction(*, case_id: int, transaction_id: UUID, actor: User, now: datetime) -> Evidence:
    """
    Keep a ledger transaction of the player as it is now.

    :raises UnableToDoThat: if it is not the player's, or pinned already
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    row = Transaction.objects.filter(pk=transaction_id, player_id=case.player_id).first()
    if row is None:
        raise UnableToDoThat("That is no transaction of this player.")
    transfers = Transfer.objects.filter(transaction=row).values(
        "number", "debit_account_id", "credit_account_id", "amount", "debit_balance", "credit_balance"
    )
    content = {**_plain(row), "transfers": list(transfers)}
    amount = amount_text(sum(each["amount"] for each in content["transfers"]), row.currency)
    title = f"{row.get_kind_display()} of {amount}, {row.created_at:%Y-%m-%d %H:%M}"
    return _pin(case, actor, now, Evidence.Kind.TRANSACTION, str(row.pk), title, content)


@transaction.atomic
def pin_exchange(*, case_id: int, exchange_id: UUID, actor: User, now: datetime) -> Evidence:
    """
    Keep one request of or to a vendor, with its answer, as it was logged.

    :raises UnableToDoThat: if it is not about the player, or pinned already
    """
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    row = Exchange.objects.select_related("reply").filter(pk=exchange_id, player_id=case.player_id).first()
    if row is None:
        raise UnableToDoThat("That exchange is not about this player.")
    reply = getattr(row, "reply", None)
    content = {
        "id": str(row.pk), "started_at": row.started_at.isoformat(), "direction": row.direction,
        "call": f"{row.method} {row.path}", "outcome": row.outcome,
        "body_sha256": hashlib.sha256(bytes(row.body)).hexdigest(), "body": bytes(row.body).decode("utf-8", "replace"),
        "reply": reply and {"status": reply.status, "body": bytes(reply.body).decode("utf-8", "replace")},
    }  # fmt: skip
    return _pin(case, actor, now, Evidence.Kind.EXCHANGE, str(row.pk), f"{row.method} {row.path}"[:200], content)


@transaction.atomic
def freeze_figures(*, case_id: int, title: str, content: Mapping[str, Any], actor: User, now: datetime) -> Evidence:
    """Keep figures as they are shown now: what a decision rested on."""
    case = lock_for(actor, case_id)
    require_held_by(case, actor)
    return _pin(case, actor, now, Evidence.Kind.SNAPSHOT, "", title, content)


@transaction.atomic
def read_evidence(*, evidence_id: UUID, actor: User, now: datetime) -> tuple[Evidence, bytes]:
    """
    Give a piece of evidence out, verified against its hash; who looked is recorded.

    :raises CaseUnknown: if it belongs to no case the person may see
    :raises EvidenceDamaged: if the stored bytes are others
    """
    piece = Evidence.objects.select_related("case__blueprint", "case__player").filter(public_id=evidence_id).first()
    if piece is None or not may_see(actor, piece.case):
        raise CaseUnknown
    content = content_of(piece)
    record(piece.case, "evidence-read", actor=actor, now=now, data={"evidence": piece.pk, "title": piece.title})
    return piece, content


def content_of(piece: Evidence) -> bytes:
    """
    The bytes of a piece, verified.

    :raises EvidenceDamaged: if they are missing or others
    """
    if piece.kind == Evidence.Kind.FILE:
        try:
            content = path_of(piece.sha256).read_bytes()
        except OSError:
            raise EvidenceDamaged(f"{piece.title} is missing in the store.") from None
    else:
        content = canonical(piece.content)
    if hashlib.sha256(content).hexdigest() != piece.sha256:
        raise EvidenceDamaged(f"{piece.title} has been altered in the store.")
    return content


def path_of(digest: str) -> Path:
    """Where a file with this SHA-256 lies."""
    return Path(settings.EVIDENCE_DIR) / digest[:2] / digest[2:4] / digest


def store(digest: str, content: bytes) -> None:
    """Write bytes under their hash, once: never over what is there, complete or not at all."""
    target = path_of(digest)
    if target.exists():
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{digest[:16]}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, target)  # fails where the target exists, unlike a rename
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def forget_file(digest: str) -> None:
    """Delete a file whose every row has been erased; what is gone already is gone."""
    path_of(digest).unlink(missing_ok=True)


def canonical(content: Any) -> bytes:
    """The one form of pinned content whose hash is kept."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _limited(chunks: Iterable[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            raise EvidenceRefused(f"At most {MOST_BYTES // 1024 // 1024} MB.")
    if not content:
        raise EvidenceRefused("The file is empty.")
    return bytes(content)


def _superseded(case: Case, evidence_id: int | None) -> Evidence | None:
    if evidence_id is None:
        return None
    before = Evidence.objects.filter(pk=evidence_id, case=case).first()
    if before is None or Evidence.objects.filter(supersedes=before).exists():
        raise UnableToDoThat("That piece is not of this case, or has been superseded already.")
    return before


def _plain(row: Transaction) -> dict[str, Any]:
    fields = ("id", "kind", "currency", "player_id", "integration_id", "external_id", "round_id", "reverses_id",
              "request_id", "details", "created_at")  # fmt: skip
    return {name: getattr(row, name) for name in fields}


def _pin(
    case: Case, actor: User, now: datetime, kind: str, reference: str, title: str, content: Mapping[str, Any]
) -> Evidence:
    plain = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    raw = canonical(plain)
    return _add(
        case, actor, now, kind=kind, title=title, reference=reference, content=plain, size=len(raw),
        content_type="application/json", sha256=hashlib.sha256(raw).hexdigest(),
    )  # fmt: skip


def _add(case: Case, actor: User, now: datetime, **fields: Any) -> Evidence:
    try:
        with transaction.atomic():
            piece = Evidence.objects.create(case=case, added_by=actor, at=now, **fields)
    except IntegrityError:
        raise UnableToDoThat("That is pinned to the case already.") from None
    save(case, now=now, by=actor)
    data = {"evidence": piece.pk, "title": piece.title, "sha256": piece.sha256}
    record(case, "evidence-added", actor=actor, now=now, data=data)
    return piece
