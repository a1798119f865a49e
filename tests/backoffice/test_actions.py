"""Buttons: what staff do, done through the pages, and refusals that change nothing."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from apps.backoffice.models import PersonalDataRead
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.integrations.connections import connection, forget_connections
from apps.integrations.models import Credential, Integration, IntegrationEvent
from apps.players.models import Player, StatusChange
from apps.providers.models import BrandGame, Game, Round, RoundEvent
from apps.transactions.models import Transaction
from apps.wallets.models import Adjustment
from apps.wallets.queries import balances_of
from tests.backoffice.conftest import Login
from tests.contracts.family import HUB88_PUBLIC_KEY, Vendor
from tests.providers.table import GAME


def press(client: Client, page: str, pk: object, button: str, **terms: Any) -> Any:
    """Post a button's form and return the reply with its page."""
    return client.post(reverse(f"admin:{page}_{button}", args=[pk]), terms, follow=True)


def said(reply: Any) -> list[str]:
    """What the site told the person."""
    return [str(message) for message in reply.context["messages"]]


def test_the_kill_switch_stops_bets_and_leaves_its_reason(caleta: Integration, vendor: Vendor, login: Login) -> None:
    client = login("game_ops")
    reply = press(
        client, "integrations_integration", caleta.pk, "switch-it", to="no_new_play", reason="Vendor reports errors"
    )
    assert said(reply)[0].startswith("caleta: No new play")
    assert vendor.bet(100_000, round="r-9", **GAME)["status"] != "RS_OK"
    event = IntegrationEvent.objects.get(action="switched")
    assert (event.actor.username, event.reason) == ("game_ops", "Vendor reports errors")  # type: ignore[union-attr]
    assert LogEntry.objects.get().get_change_message() == "Kill switch: Vendor reports errors"
    attention = client.get(reverse("backoffice:live")).json()["attention"]
    assert attention[0]["level"] == "bad"
    assert "Vendor reports errors" in attention[0]["text"]


def test_a_button_asks_again_when_its_form_is_wrong(caleta: Integration, login: Login) -> None:
    reply = press(login("game_ops"), "integrations_integration", caleta.pk, "switch-it", to="off", reason="")
    assert reply.status_code == 400
    assert "This field is required" in reply.content.decode()
    assert Integration.objects.get().switch == "on"


def test_a_key_is_added_used_and_never_shown(caleta: Integration, login: Login) -> None:
    client = login("admin")
    reply = press(
        client,
        "integrations_integration",
        caleta.pk,
        "add-key",
        purpose="verify_inbound",
        kid="caleta-2027",
        secret=HUB88_PUBLIC_KEY.replace("\n", "\r\n"),
    )
    assert said(reply) == ["Key caleta-2027 works now."]
    forget_connections()
    held = connection("caleta")
    assert held is not None
    assert [key.secret.decode() for key in held.keys_for("verify_inbound") if key.kid == "caleta-2027"] == [
        HUB88_PUBLIC_KEY
    ]
    key = Credential.objects.get(kid="caleta-2027")
    inside = HUB88_PUBLIC_KEY.splitlines()[3]
    for address in (
        reverse("admin:integrations_integration_change", args=[caleta.pk]),
        reverse("admin:integrations_credential_change", args=[key.pk]),
        reverse("admin:integrations_credential_changelist"),
        reverse("admin:integrations_integrationevent_changelist"),
    ):
        page = client.get(address).content.decode()
        assert "caleta-2027" in page or "integrationevent" in address
        assert inside not in page, address
    press(client, "integrations_credential", key.pk, "revoke", reason="Entered by mistake")
    key.refresh_from_db()
    assert key.revoked_at is not None
    again = press(client, "integrations_credential", key.pk, "revoke", reason="Once more")
    assert "no longer applies" in said(again)[0]


def test_a_secret_is_not_echoed_when_the_form_is_wrong(caleta: Integration, login: Login) -> None:
    reply = press(
        login("admin"), "integrations_integration", caleta.pk, "add-key", purpose="nonsense", secret="hunter2-hunter2"
    )
    assert reply.status_code == 400
    assert "hunter2-hunter2" not in reply.content.decode()


def test_a_game_is_disabled_everywhere_and_at_one_brand(game: Game, vendor: Vendor, login: Login) -> None:
    client = login("game_ops")
    press(client, "providers_game", game.pk, "disable", reason="Wrong paytable")
    assert not Game.objects.get().is_enabled
    assert vendor.bet(100_000, round="r-1", **GAME)["status"] != "RS_OK"
    press(client, "providers_game", game.pk, "enable", reason="Paytable corrected")
    brand = Player.objects.get().brand
    press(client, "providers_game", game.pk, "set-for-brand", brand=brand.pk, enabled="no", reason="Not for us")
    assert BrandGame.objects.get().is_enabled is False
    history = client.get(reverse("admin:providers_game_history", args=[game.pk])).content.decode()
    assert "Wrong paytable" in history
    assert "Paytable corrected" in history


def test_a_player_is_suspended_with_a_reason(player: Player, vendor: Vendor, login: Login) -> None:
    client = login("investigator")
    reply = press(
        client,
        "players_player",
        player.pk,
        "change-player-status",
        to="suspended",
        reason_code="fraud-review",
        note="Ring",
    )
    assert said(reply) == ["astrid is suspended now."]
    change = StatusChange.objects.get()
    assert (change.actor, change.reason_code, change.note) == ("investigator", "fraud-review", "Ring")
    assert vendor.bet(100_000, round="r-1", **GAME)["status"] != "RS_OK"
    assert not Transaction.objects.filter(kind="bet").exists()


@pytest.mark.parametrize(
    ("terms", "complaint"),
    [
        ({"to": "restricted", "reason_code": "identity"}, "restrictions with names"),
        ({"to": "suspended", "reason_code": "other"}, "Say what the reason is"),
        ({"to": "active", "reason_code": "review-cleared"}, "Select a valid choice"),
    ],
)
def test_a_status_that_makes_no_sense_is_refused(
    player: Player, login: Login, terms: dict[str, str], complaint: str
) -> None:
    reply = press(login("investigator"), "players_player", player.pk, "change-player-status", **terms)
    assert reply.status_code == 400
    assert complaint in reply.content.decode()
    assert not StatusChange.objects.exists()


def test_personal_data_is_masked_until_somebody_says_why(player: Player, login: Login) -> None:
    client = login("investigator")
    address = reverse("admin:players_player_change", args=[player.pk])
    before = client.get(address).content.decode()
    assert "astrid@example.com" not in before
    assert "a•••@example.com" in before
    assert "1990-••-••" in before
    press(
        client,
        "players_player",
        player.pk,
        "show-personal-data",
        fields_wanted=["email"],
        purpose="Case 17: name check",
    )
    assert "astrid@example.com" in client.get(address).content.decode()
    look = PersonalDataRead.objects.get()
    assert (look.user.username, look.player_id, look.purpose) == ("investigator", player.pk, "Case 17: name check")
    assert look.request_id is not None
    support = login("support")
    assert "astrid@example.com" not in support.get(address).content.decode()
    assert (
        press(
            support, "players_player", player.pk, "show-personal-data", fields_wanted=["email"], purpose="Curious"
        ).status_code
        == 403
    )


def test_masked_data_comes_back_after_ten_minutes(
    player: Player, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login("investigator")
    press(
        client,
        "players_player",
        player.pk,
        "show-personal-data",
        fields_wanted=["email"],
        purpose="Case 17: name check",
    )
    clock.advance(601)
    page = client.get(reverse("admin:players_player_change", args=[player.pk])).content.decode()
    assert "astrid@example.com" not in page


def test_an_adjustment_needs_two_people(player: Player, login: Login) -> None:
    maker, checker = login("payments"), login("payments", username="payments_lead")
    terms = {
        "direction": "give", "amount": "12.50", "currency": "EUR", "bucket": "cash", "reason": "goodwill",
        "note": "Ticket 4711: lost connection",
    }  # fmt: skip
    reply = press(maker, "players_player", player.pk, "propose-correction", **terms)
    assert said(reply) == ["Proposed: +12.50 EUR. A colleague decides under Approvals."]
    asked = ApprovalRequest.objects.get()
    refused = press(maker, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash)
    assert "second person" in said(refused)[0].lower()
    assert balances_of(player.pk)[0].cash == 100_000_000
    changed = press(checker, "compliance_approvalrequest", asked.pk, "approve", seen="0" * 64)
    assert "not the request you were shown" in said(changed)[0]
    done = press(checker, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash)
    assert said(done) == ["Done: astrid gets 12.50 EUR (cash). Goodwill: Ticket 4711: lost connection."]
    assert balances_of(player.pk)[0].cash == 112_500_000
    record = Adjustment.objects.get()
    page = checker.get(reverse("admin:wallets_adjustment_change", args=[record.pk])).content.decode()
    assert "payments_lead" in page


@pytest.mark.parametrize("amount", ["0", "-5", "1e3", "12.345", "nonsense", "99999999999999999999"])
def test_an_amount_that_is_none_is_refused(player: Player, login: Login, amount: str) -> None:
    terms = {
        "direction": "give", "amount": amount, "currency": "EUR", "bucket": "cash", "reason": "goodwill",
        "note": "Ticket 4711: lost connection",
    }  # fmt: skip
    assert press(login("payments"), "players_player", player.pk, "propose-correction", **terms).status_code == 400
    assert not Adjustment.objects.exists()


def test_a_round_is_voided_by_two_people(player: Player, vendor: Vendor, login: Login) -> None:
    vendor.bet(500_000, round="r-1", **GAME)
    found = Round.objects.get()
    maker, checker = login("game_ops"), login("game_ops", username="lead")
    press(maker, "providers_round", found.pk, "propose", reason="The game froze")
    asked = ApprovalRequest.objects.get()
    press(maker, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash)
    assert ApprovalRequest.objects.get().state == "waiting"
    press(checker, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash, reason="Agreed")
    assert balances_of(player.pk)[0].cash == 100_000_000
    page = checker.get(reverse("admin:providers_round_change", args=[found.pk])).content.decode()
    assert "agreed by two people" in page
    assert f"policy {RoundEvent.objects.get(kind='voided').policy_id}" in page


def test_a_stuck_round_is_closed(vendor: Vendor, login: Login) -> None:
    vendor.bet(500_000, round="r-1", **GAME)
    found = Round.objects.get()
    press(login("game_ops"), "providers_round", found.pk, "close", reason="Vendor says it is over")
    assert Round.objects.get(pk=found.pk).state == "adjusted"


def test_a_brand_is_closed_and_opened(player: Player, vendor: Vendor, login: Login) -> None:
    client = login("game_ops")
    press(client, "brands_brand", player.brand_id, "close", reason="Licence suspended")
    assert vendor.bet(100_000, round="r-1", **GAME)["status"] != "RS_OK"
    assert not Transaction.objects.filter(kind="bet").exists()
    attention = client.get(reverse("backoffice:live")).json()["attention"]
    assert [item["text"] for item in attention] == ["Aurora is closed"]
    history = client.get(reverse("admin:brands_brand_history", args=[player.brand_id])).content.decode()
    assert "Licence suspended" in history
    press(client, "brands_brand", player.brand_id, "open", reason="Licence restored")
    assert vendor.bet(100_000, round="r-2", **GAME)["status"] == "RS_OK"
