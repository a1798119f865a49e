"""Proposals to void of a database from before the approvals: they wait for the same decision, and are carried out."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from apps.compliance.approvals import ApprovalStale
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.players.models import Player
from apps.providers.models import Round
from tests.contracts.family import Vendor
from tests.providers.table import EURO, cash_of, decide, play

pytestmark = pytest.mark.django_db

MIGRATION = import_module("apps.providers.migrations.0011_carried_voids")


def earlier(found: Round, maker: User, state: str, checker: User | None = None) -> None:
    """Write a row as the platform wrote it before."""
    at = clock.now() - timedelta(days=5)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO providers_roundvoid (round_id, player_id, brand_id, currency, staked_units, reason, policy,"
            " state, proposed_by_id, proposed_at, decided_by_id, decided_at, decision_note)"
            " VALUES (%s, %s, %s, 'EUR', %s, 'game crashed', 'void-2026-1', %s, %s, %s, %s, %s, '')",
            [found.pk, found.player_id, found.brand_id, found.staked, state, maker.pk, at,
             checker.pk if checker else None, at if checker else None],
        )  # fmt: skip


def test_what_waited_waits_among_the_approvals_and_is_carried_out(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    play(vendor, 3)
    play(vendor, 5, "r-2")
    waiting, decided = Round.objects.order_by("pk")
    earlier(waiting, maker, "proposed")
    earlier(decided, maker, "rejected", checker)
    MIGRATION.carry(apps, None)
    asked = ApprovalRequest.objects.get()
    assert (asked.summary, asked.maker, asked.subject_player) == (
        "Round r-1 is voided: 3 EUR go back to its player.", maker, player,
    )  # fmt: skip
    assert asked.reason == "game crashed (proposed under the void policy void-2026-1)"
    assert decide(asked, checker).result == {"voided": 1, "returned_units": 3 * EURO, "left_alone": []}
    assert cash_of(player) == 95 * EURO


def test_one_whose_round_has_changed_since_is_refused(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    play(vendor, 3)
    earlier(Round.objects.get(), maker, "proposed")
    play(vendor, 4)
    MIGRATION.carry(apps, None)
    asked = ApprovalRequest.objects.get()
    with pytest.raises(ApprovalStale, match="since"):
        decide(asked, checker)
    assert (ApprovalRequest.objects.get().state, cash_of(player)) == ("refused", 93 * EURO)
