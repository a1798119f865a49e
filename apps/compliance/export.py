"""A whole case in one ZIP: facts, alerts, events, decisions and evidence, with a manifest of hashes."""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from apps.compliance.cases.steps import CaseUnknown, lock_case, record
from apps.compliance.evidence import content_of
from apps.compliance.models import AlertHit, Case, Evidence
from apps.compliance.queues import EXPORT, may_see

_FIXED = (1980, 1, 1, 0, 0, 0)  # the same case exports to the same bytes


@transaction.atomic
def export_case(*, case_id: int, purpose: str, actor: User, now: datetime) -> tuple[str, bytes]:
    """
    Pack a case; who exported it, and why, is recorded in it.

    :return: file name and ZIP
    :raises CaseUnknown: if the person may not see it
    :raises EvidenceDamaged: if a stored file is not what was stored
    """
    case = lock_case(case_id)
    if not (may_see(actor, case) and actor.has_perm(EXPORT)):
        raise CaseUnknown
    record(case, "exported", actor=actor, now=now, text=purpose)
    parts = {"case.json": _json(_facts(case)), "alerts.json": _json(_alerts(case)), "events.json": _json(_events(case))}
    parts["decisions.json"] = _json(list(case.decisions.values()))
    for piece in case.evidence.all():
        parts[f"evidence/{piece.pk:04d}-{_name(piece)}"] = content_of(piece)
    manifest = {
        "case": case.reference,
        "exported_by": actor.get_username(),
        "exported_at": now,
        "files": {name: {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)} for name, raw in parts.items()},
    }
    return f"{case.reference}.zip", _zip({**parts, "manifest.json": _json(manifest)})


def _facts(case: Case) -> dict[str, Any]:
    fields = {field.name: getattr(case, field.attname) for field in case._meta.concrete_fields}
    return {
        "reference": case.reference, "blueprint": str(case.blueprint), **fields,
        "clock": list(case.intervals.values("started_at", "stopped_at", "why_stopped", "working_seconds")),
        "links": list(case.links.values("other_id", "reason", "at")),
        "player_notes": list(case.player_notes.values("text", "written_by__username", "at")),
    }  # fmt: skip


def _alerts(case: Case) -> list[dict[str, Any]]:
    hits = list(AlertHit.objects.filter(alert__case=case).order_by("id").values())
    return [
        {**alert, "hits": [hit for hit in hits if hit["alert_id"] == alert["id"]]}
        for alert in case.alerts.order_by("id").values()
    ]


def _events(case: Case) -> list[dict[str, Any]]:
    return list(map(dict, case.events.values("kind", "actor_name", "text", "data", "request_id", "at")))


def _name(piece: Evidence) -> str:
    name = piece.file_name or f"{piece.kind}.json"
    return "".join(each if each.isalnum() or each in "._-" else "_" for each in name)[-80:]


def _json(value: Any) -> bytes:
    return json.dumps(value, cls=DjangoJSONEncoder, indent=1, ensure_ascii=False, sort_keys=True).encode()


def _zip(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED), raw)
    return packed.getvalue()
