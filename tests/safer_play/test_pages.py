"""Staff pages of safer play: what an officer sees and does, and who may not."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.players.models import Player
from apps.safer_play.exclusions import ExclusionTerms, exclude_person, is_excluded
from apps.safer_play.interactions import start_interaction
from apps.safer_play.models import Exclusion, Interaction, Limit
from tests.contracts.family import Vendor
from tests.harness.queries import statements_of
from tests.safer_play.scene import bet, limit


def login_as(role: str, player: Player, name: str = "") -> Client:
    call_command("sync_roles", verbosity=0)
    user = User.objects.create_user(name or role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    user.brand_scopes.create(brand=player.brand)
    client = Client()
    client.force_login(user)
    return client


def tab(player: Player) -> str:
    return reverse("admin:players_player_change", args=[player.pk]) + "?tab=safer-play"


def button(player: Player, name: str) -> str:
    return reverse(f"admin:players_player_{name}", args=[player.pk])


def test_the_tab_shows_limits_with_their_use_and_what_a_limit_refused(player: Player, vendor: Vendor) -> None:
    limit(player, "loss", "10", "day")
    assert bet(vendor, 8, "r1") == "RS_OK"
    assert bet(vendor, 3, "r2") != "RS_OK"
    start_interaction(
        player_id=player.pk, trigger="RG-01", trigger_text="Lost 8 EUR of 10", action="contact", channel="phone",
        dedupe_key="x", now=clock.now(),
    )  # fmt: skip
    page = login_as("rg_officer", player).get(tab(player)).content.decode()
    for told in ("10.00 EUR", "8.00 EUR", "2.00 EUR", "80 %", "daily limit 10.00 EUR", "Lost 8 EUR of 10", "3.00 EUR"):
        assert told in page, told


def test_the_tab_costs_the_same_queries_however_much_there_is(player: Player, vendor: Vendor) -> None:
    client = login_as("rg_officer", player)
    limit(player, "loss", "100", "day")
    client.get(tab(player))
    few = statements_of(client, tab(player))
    for number in range(5):
        bet(vendor, 1, f"r{number}")
        start_interaction(
            player_id=player.pk, trigger="staff", trigger_text="", action="message", channel="email",
            dedupe_key=str(number), now=clock.now(),
        )  # fmt: skip
    exclude_person(
        player_id=player.pk, terms=ExclusionTerms(kind="time_out", lasts=timedelta(hours=1)), now=clock.now()
    )
    assert len(statements_of(client, tab(player))) <= len(few) + 1


def test_an_officer_excludes_limits_and_interacts_from_the_players_page(player: Player, vendor: Vendor) -> None:
    client = login_as("rg_officer", player)
    body = {"kind": "loss", "period": "day", "amount": "5.00", "reason": "Losses grow by the day"}
    assert client.post(button(player, "protect-with-limit"), body).status_code == 302
    assert Limit.objects.get().set_by == "operator"
    assert bet(vendor, 6, "r1") == "RS_ERROR_BET_LIMIT_EXCEEDED"
    body = {"action": "contact", "channel": "phone", "reason": "Call about the losses"}
    assert client.post(button(player, "interact-with-player"), body).status_code == 302
    close = reverse("admin:safer_play_interaction_close", args=[Interaction.objects.get().pk])
    assert client.post(close, {"state": "done", "evidence": "", "reason": "Spoke with her"}).status_code == 302
    assert Interaction.objects.get().state == "open"
    client.post(close, {"state": "done", "evidence": "Call 4711", "reason": "Spoke with her"})
    assert Interaction.objects.get().state == "done"
    body = {"kind": "operator", "days": "", "reason": "Harm beyond what limits hold"}
    assert client.post(button(player, "exclude-player"), body).status_code == 302
    assert is_excluded(player.pk, now=clock.now())


@pytest.mark.parametrize("role", ["support", "payments", "auditor", "compliance_analyst", "kyc_agent"])
def test_nobody_else_can_press_these_buttons_whatever_he_posts(player: Player, role: str) -> None:
    client = login_as(role, player)
    for name in ("protect-with-limit", "exclude-player", "interact-with-player"):
        body = {"kind": "operator", "days": "1", "reason": "Because I can", "period": "day", "amount": "1"}
        assert client.post(button(player, name), body).status_code == 403
    found = exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="self_exclusion"), now=clock.now())
    for name in ("lengthen", "propose-end"):
        address = reverse(f"admin:safer_play_exclusion_{name}", args=[found.pk])
        assert client.post(address, {"reason": "Because I can"}).status_code == 403
    assert Exclusion.objects.get().state == "active"
    assert Limit.objects.count() == 0
