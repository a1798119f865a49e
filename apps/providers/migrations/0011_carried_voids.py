"""
Proposals to void a round that waited when voids moved to the approvals wait there now, with the time of any other request.

The earlier table keeps its rows as they were; nobody reads it to decide any more.
"""

import hashlib
import json
from datetime import timedelta

from django.db import connection, migrations
from django.utils import timezone

_COMMAND = "providers.void_rounds"
_LIFETIME = timedelta(hours=72)
_WAITING = """
    SELECT v.round_id, v.player_id, v.brand_id, v.currency, v.staked_units, v.reason, v.policy, v.proposed_by_id, v.proposed_at,
           coalesce(r.external_id, v.round_id::text), trim_scale(v.staked_units / power(10::numeric, c.ledger_exponent))
      FROM providers_roundvoid v
      JOIN brands_currency c ON c.code = v.currency
      LEFT JOIN providers_round r ON r.player_id = v.player_id AND r.id = v.round_id
     WHERE v.state = 'proposed' ORDER BY v.id
"""


def carry(apps, schema_editor):
    """Ask anew, for the same people and on the same terms."""
    requests, events = (apps.get_model("compliance", name) for name in ("ApprovalRequest", "ApprovalEvent"))
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        rows = cursor.fetchall()
    for round_id, player_id, brand_id, currency, units, reason, policy, maker_id, proposed_at, named, amount in rows:
        payload = {
            "currency": currency,
            "rounds": [[round_id, player_id, units]],
            "total_units": units,
            "why": reason,
        }
        terms = {"command": _COMMAND, "payload": payload, "maker": maker_id}
        digest = hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        request = requests.objects.create(
            command=_COMMAND,
            payload=payload,
            payload_hash=digest,
            summary=f"Round {named} is voided: {amount} {currency} go back to its player.",
            reason=f"{reason} (proposed under the void policy {policy})" if policy else reason,
            subject_player_id=player_id,
            brand_id=brand_id,
            maker_id=maker_id,
            created_at=proposed_at,
            expires_at=now + _LIFETIME,
        )
        events.objects.create(
            approval=request, kind="asked", actor_id=maker_id, note=request.reason, payload_hash=digest, at=proposed_at
        )


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0012_erasure_of_texts"),
        ("brands", "0001_initial"),
        ("providers", "0010_unread_entries"),
    ]

    operations = [
        migrations.RunPython(carry, migrations.RunPython.noop),
        migrations.RunSQL(
            "COMMENT ON TABLE providers_roundvoid IS 'Voids up to 2026-11; later ones are approvals of providers.void_rounds'",
            migrations.RunSQL.noop,
        ),
    ]
