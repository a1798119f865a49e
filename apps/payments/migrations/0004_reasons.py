"""The reasons that staff choose from, how long each state may last, and the proof of the new records."""

from typing import Any

from django.db import migrations

from apps.core.sql import install_sql

# decision, code, title, what the player is told, would tip off, waits for the player
_REASONS = (
    ("hold", "documents", "Documents are awaited", "documents-needed", False, True),
    ("hold", "instrument-proof", "Proof that the account is the player's own is awaited", "instrument-not-usable", False, True),
    ("hold", "identity", "Identity in doubt", "", False, False),
    ("hold", "fraud-review", "Fraud review", "", True, False),
    ("hold", "aml-review", "Money laundering review", "", True, False),
    ("hold", "exclusion-register", "The exclusion register has to answer first", "", False, False),
    ("hold", "provider", "The provider has to answer first", "", False, False),
    ("hold", "other", "Other, see the note", "", False, False),
    ("reject", "account-not-own", "The account is not the player's own", "instrument-not-usable", False, False),
    ("reject", "wrong-way", "It has to go back the way it came", "return-to-source", False, False),
    ("reject", "player-request", "The player asked for it", "", False, False),
    ("reject", "identity", "Identity could not be established", "", False, False),
    ("reject", "fraud-review", "Fraud review", "", True, False),
    ("reject", "aml-review", "Money laundering review", "", True, False),
    ("reject", "no-provider", "No provider can carry it", "method-not-available", False, False),
    ("reject", "other", "Other, see the note", "", False, False),
    ("approve", "in-order", "Checked, all in order", "", False, False),
    ("approve", "explained", "What the checks found is explained, see the note", "", False, False),
    ("approve", "evidence-seen", "The evidence was seen, see the note", "", False, False),
)
_TARGET_MINUTES = {
    "requested": 5,
    "screening": 5,
    "in_review": 4 * 60,
    "on_hold": 24 * 60,
    "approved": 5,
    "queued": 5,
    "blocked": 60,
    "submitting": 5,
    "submitted": 24 * 60,
    "pending": 24 * 60,
    "unknown": 60,
}


def _seed(apps: Any, _editor: Any) -> None:
    reason, target = apps.get_model("payments", "WithdrawalReason"), apps.get_model("payments", "StateTarget")
    for position, (decision, code, title, told, would_tip_off, waits) in enumerate(_REASONS, start=1):
        terms = {
            "title": title,
            "player_reason": told,
            "would_tip_off": would_tip_off,
            "waits_for_player": waits,
            "position": position * 10,
        }
        reason.objects.get_or_create(decision=decision, code=code, defaults=terms)
    for state, minutes in _TARGET_MINUTES.items():
        target.objects.get_or_create(state=state, defaults={"minutes": minutes})


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_books"), ("transactions", "0005_reserve_accounts")]

    operations = [
        migrations.RunPython(_seed, migrations.RunPython.noop),
        install_sql("payments", "books_domain.sql"),
        install_sql("payments", "append_only_terms.sql"),
    ]
