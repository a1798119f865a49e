"""
Q8: a player's personal data, by field: masked for everybody, unmasked with a row in the log.

Every page of the site as every role is walked by test_crawl.py, with the same canaries planted: nobody meets one
there, nor anything from behind the wall. Here are the pages that need an address of their own, and what unmasking
opens.
"""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from apps.backoffice.models import Download, PersonalDataRead
from apps.backoffice.player_tabs import TABS
from apps.backoffice.roles import ROLES
from apps.compliance.models import Case
from apps.integrations.models import Exchange, InboundEvent, Integration
from apps.payments.models import Instrument
from apps.players.models import Player
from apps.verification.models import EvidenceRead
from tests.backoffice.canaries import CANARIES, met, plant
from tests.backoffice.conftest import Login
from tests.contracts.family import Vendor


@pytest.fixture
def canary(played: Vendor, player: Player, caleta: Integration) -> Player:
    """The player who has played, with canaries."""
    return plant(player, caleta)


def pages_of(player: Player) -> Iterator[str]:
    """Every page about one player."""
    page = reverse("admin:players_player_change", args=[player.pk])
    yield reverse("admin:players_player_changelist")
    yield from (f"{page}?tab={tab.name}" for tab in TABS)
    for asked in (player.username, str(player.public_id)):
        yield reverse("backoffice:trace") + f"?id={asked}"
    for exchange in Exchange.objects.filter(player_id=player.pk).order_by("-pk")[:2]:
        yield reverse("admin:integrations_exchange_change", args=[exchange.pk])
        yield reverse("backoffice:trace") + f"?id={exchange.pk}"
    for model in (Instrument, InboundEvent, Case):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.order_by("-pk").first()
        assert row is not None
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[row.pk])
    yield reverse("admin:search") + "?s=zq"


def leaks(client: Client, player: Player) -> dict[str, set[str]]:
    """Which canaries which page shows."""
    found = {address: met(client.get(address).content) for address in pages_of(player)}
    return {address: words for address, words in found.items() if words}


def logged() -> int:
    return PersonalDataRead.objects.count() + EvidenceRead.objects.count() + Download.objects.count()


@pytest.mark.parametrize("role", [*(role.name for role in ROLES), "superuser"])
def test_nobody_meets_personal_data_without_asking(role: str, canary: Player, login: Login) -> None:
    assert leaks(login(role), canary) == {}
    assert logged() == 0


@pytest.mark.parametrize("role", ["investigator", "mlro", "kyc_agent"])
def test_who_unmasks_meets_only_what_was_asked_for_and_is_on_record(role: str, canary: Player, login: Login) -> None:
    client = login(role)
    address = reverse("admin:players_player_show-personal-data", args=[canary.pk])
    client.post(address, {"fields_wanted": ["last_name", "city"], "purpose": "Case 17"})

    found = leaks(client, canary)

    own = reverse("admin:players_player_change", args=[canary.pk])
    assert {word for words in found.values() for word in words} == {CANARIES["last_name"], CANARIES["city"]}
    # Her ten minutes count on his page and on the page of his case, and nowhere else.
    cases = {reverse("admin:compliance_case_change", args=[case.pk]) for case in Case.objects.filter(player=canary)}
    assert all(page.startswith(own) or page in cases for page in found), found
    read = PersonalDataRead.objects.get()
    assert (read.user.username, read.player_id, read.fields) == (role, canary.pk, ["city", "last_name"])


def test_this_crawl_would_notice_an_unmasked_page(canary: Player, login: Login) -> None:
    """With the word in what pages do show: a username is masked for nobody."""
    Player.objects.filter(pk=canary.pk).update(username=CANARIES["city"])
    canary.refresh_from_db()
    found = leaks(login("support"), canary)
    assert found[reverse("admin:players_player_changelist")] == {CANARIES["city"]}
    assert found[f"{reverse('admin:players_player_change', args=[canary.pk])}?tab={TABS[0].name}"] == {CANARIES["city"]}
