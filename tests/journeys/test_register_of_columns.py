"""
The register of personal columns against a database full of them, column by column.

What it calls erased, an erasure empties; what it calls neither erased, kept nor expiring holds no word of a person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction

from apps.backoffice.personal_columns import Column, Fate, registered
from apps.bonuses.models import Grant, GrantStep
from apps.compliance.models import CaseReview, PlayerTrace
from apps.compliance.retention import erase_player
from apps.payments.models import Deposit, Dispute, DisputeAnswer, EvidencePack, Instrument, Withdrawal
from apps.players.models import LoginAttempt, Player, PlayerSession, ProfileChange
from apps.providers.models import GameSession
from apps.safer_play.models import Limit
from apps.verification.models import Document, IncomeDeclaration
from tests.factories.cases import colleague
from tests.factories.remembered import CANARY, CLOSED_AT, NOW, closed_long_ago, plant_words

# Committed: an update asks again whether the row that a row of the same transaction names is there.
pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = 0
"""A row that does not exist: what stands beside a column does not matter here."""


@contextmanager
def unguarded() -> Iterator[None]:
    """Without triggers and foreign keys; what has to hold within a row still holds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def rows_elsewhere(person: Player) -> None:
    """One row in each table of the register that `plant_words` leaves empty."""
    own: dict[str, Any] = {"player": person}
    paid: dict[str, Any] = {
        **own, "brand": person.brand, "currency": "EUR", "amount_units": 1, "method_id": NOBODY,
        "changed_at": CLOSED_AT,
    }  # fmt: skip
    span: dict[str, Any] = {"created_at": CLOSED_AT, "expires_at": CLOSED_AT}
    PlayerSession.objects.create(token_digest=b"x", last_seen_at=CLOSED_AT, **own, **span)
    LoginAttempt.objects.create(username="astrid", outcome="ok", attempted_at=CLOSED_AT, brand=person.brand, **own)
    ProfileChange.objects.create(field="city", actor="player", changed_at=CLOSED_AT, **own)
    PlayerTrace.objects.create(
        kind="device", digest=b"x", shown="x", first_seen_at=CLOSED_AT, last_seen_at=CLOSED_AT, times=1, **own
    )
    Document.objects.create(
        kind="identity", storage_name="0" * 64, master_kid="k", content_type="x", size_bytes=1, sha256="0" * 64,
        uploaded_by="player", uploaded_at=CLOSED_AT, **own,
    )  # fmt: skip
    IncomeDeclaration.objects.create(
        monthly_units=1, currency="EUR", source="other", declared_by="player", declared_at=CLOSED_AT, **own
    )
    GameSession.objects.create(
        brand=person.brand, integration_id=NOBODY, game_id=NOBODY, currency="EUR", **own, **span
    )  # fmt: skip
    Instrument.objects.create(method_id=NOBODY, token="t", changed_at=CLOSED_AT, **own)
    deposit = Deposit.objects.create(integration_id=NOBODY, **paid, **span)
    Withdrawal.objects.create(requested_at=CLOSED_AT, due_at=CLOSED_AT, state="paid", closed_at=CLOSED_AT, **paid)
    dispute = Dispute.objects.create(deposit=deposit, integration_id=NOBODY, opened_at=CLOSED_AT, changed_at=CLOSED_AT)
    EvidencePack.objects.create(dispute=dispute, requested_at=CLOSED_AT, state="ready", content=b"x")
    DisputeAnswer.objects.create(dispute=dispute, kind="defend", actor_id=NOBODY, at=CLOSED_AT)
    grant = Grant.objects.create(
        brand=person.brand, offer_id=NOBODY, version_id=NOBODY, source="manual", currency="EUR", amount_units=1,
        required_units=0, offered_at=CLOSED_AT, claim_by=CLOSED_AT, **own,
    )  # fmt: skip
    GrantStep.objects.create(grant=grant, name="cancelled", at=CLOSED_AT)
    logged(person)


def logged(about: models.Model, words: str = CANARY) -> LogEntry:
    """A button that was pressed."""
    kind = ContentType.objects.get_for_model(about)
    who = User.objects.filter(username="logging").first() or colleague("auditor", "logging")
    return LogEntry.objects.create(
        user=who, content_type=kind, object_id=str(about.pk), object_repr=words, action_flag=2, change_message=words
    )


def field_of(column: Column) -> Any:
    return apps.get_model(column.table)._meta.get_field(column.name)


def planted_in(field: Any) -> Any:
    """What is written into a column: the canary, as far as it fits."""
    if isinstance(field, ArrayField):
        return [planted_in(field.base_field)]
    if isinstance(field, models.JSONField):
        return {"note": CANARY}
    if isinstance(field, models.BinaryField):
        return CANARY.encode()
    if isinstance(field, models.GenericIPAddressField):
        return "203.0.113.199"
    return CANARY[: field.max_length]


def holding(columns: list[Column]) -> set[str]:
    """Which columns hold what was planted, in any row."""
    return {
        f"{each.table}.{each.name}"
        for each in columns
        if apps.get_model(each.table)
        ._default_manager.filter(**{f"{each.name}__exact": planted_in(field_of(each))})
        .exists()
    }


def with_words_of(word: str, columns: list[Column]) -> set[str]:
    """Which columns hold a word, anywhere in their text."""
    found = set()
    with connection.cursor() as cursor:
        for each in columns:
            table = apps.get_model(each.table)._meta.db_table
            column = field_of(each).column
            cursor.execute(
                f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE "{column}"::text ILIKE %s)',  # noqa: S608 - our names
                [f"%{word}%"],
            )
            if cursor.fetchone() == (True,):
                found.add(f"{each.table}.{each.name}")
    return found


def misplaced(columns: list[Column]) -> set[str]:
    """Columns that hold a word of the person though the register says that they cannot."""
    return with_words_of(CANARY, [each for each in columns if each.fate in (Fate.NONE, Fate.STAFF)])


@pytest.fixture
def player() -> Player:
    person = closed_long_ago()
    plant_words(person)
    with unguarded():
        rows_elsewhere(person)
    return person


def test_whatever_the_register_calls_erased_is_emptied_column_by_column(player: Player) -> None:
    erased = [each for each in registered() if each.fate == Fate.ERASED]
    with unguarded():
        for each in erased:
            model: Any = apps.get_model(each.table)
            model._default_manager.update(**{each.name: planted_in(field_of(each))})
    assert holding(erased) == {f"{each.table}.{each.name}" for each in erased}

    erase_player(player_id=player.pk, now=NOW)

    assert holding(erased) == set()


def test_where_words_about_a_person_stand_the_register_says_so(player: Player) -> None:
    assert misplaced(registered()) == set()


def test_a_wrong_classification_is_found(player: Player, tmp_path: Path) -> None:
    register = tmp_path / "columns.yaml"
    register.write_text(
        "tables:\n  compliance.Case:\n    none: [narrative]\n  safer_play.Limit:\n    staff: [reason, actor]\n"
    )
    assert misplaced(registered(register)) == {"compliance.Case.narrative", "safer_play.Limit.reason"}


def test_what_staff_pressed_stays_on_record_without_the_words_about_him(player: Player) -> None:
    review, limit = CaseReview.objects.get(), Limit.objects.get(player=player)
    entries = [logged(review), logged(limit)]
    other = logged(player.brand, "Aurora opened for Malta")
    for entry in entries:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            LogEntry.objects.filter(pk=entry.pk).update(object_repr="", change_message="")

    erase_player(player_id=player.pk, now=NOW)

    for entry in entries:
        entry.refresh_from_db()
        assert (entry.object_repr, entry.change_message, entry.user.username) == ("", "", "logging")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            LogEntry.objects.filter(pk=entry.pk).delete()
    other.refresh_from_db()
    assert other.change_message == "Aurora opened for Malta"
