"""Settings of an integration: validated, audited, in force at once, and readable on its page."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.test import Client

from apps.integrations.connections import connection, forget_connections
from apps.integrations.models import Integration, IntegrationEvent
from apps.integrations.options import UnableToSetOption, set_option, settings_of
from apps.sandbox.conformance.evolution import EvolutionSide
from apps.sandbox.conformance.scenarios import Wire, new_id
from tests.contracts.test_scenarios import in_process, keys_of
from tests.factories.integrations import NOW
from tests.factories.secrets import connect_vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def evolution() -> Integration:
    return connect_vendor("evolution")


def change(name: str, value: Any, **more: Any) -> Integration:
    terms: dict[str, Any] = {"reason": "the vendor asked for it", "actor": None, "now": NOW} | more
    return set_option(slug="evolution", name=name, value=value, **terms)


def test_a_setting_is_in_force_with_the_next_call_and_has_its_audit_row(evolution: Integration, client: Client) -> None:
    side = EvolutionSide(Wire(in_process(client)), "evolution", keys_of("evolution"))
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "1", game=game)
    assert side.move("debit", player, ref, "1", game=game)["status"] == "OK"
    change("repeated", "error")
    forget_connections()
    assert side.move("debit", player, ref, "1", game=game)["status"] == "BET_ALREADY_EXIST"
    event = IntegrationEvent.objects.get(action="option_set")
    assert event.details == {"option": "repeated", "before": "OK", "to": "error"}
    assert event.reason == "the vendor asked for it"
    history: Any = Integration.history
    assert history.filter(slug="evolution").first().options == {"repeated": "error"}


def test_gamewise_settlement_closes_the_whole_game(evolution: Integration, client: Client) -> None:
    change("settlement", "gamewise")
    forget_connections()
    side = EvolutionSide(Wire(in_process(client)), "evolution", keys_of("evolution"))
    player, first, second, game = side.seat(), new_id(), new_id(), new_id()
    side.move("debit", player, first, "10", game=game)
    side.move("debit", player, second, "5", game=game)
    assert side.move("credit", player, second, "30", game=game)["status"] == "OK"
    for verb in ("credit", "cancel"):
        assert side.move(verb, player, first, "10", game=game)["status"] == "BET_ALREADY_SETTLED"
    assert side.move("debit", player, new_id(), "1", game=game)["status"] == "BET_ALREADY_SETTLED"
    assert side.money(player) == ("1015.00", "10.00")


def test_a_setting_goes_back_to_the_protocols_default(evolution: Integration) -> None:
    change("settlement", "gamewise")
    assert change("settlement", None, reset=True).options == {}
    found = connection("evolution")
    assert found is not None
    row = next(each for each in settings_of(evolution) if each.option.name == "settlement")
    assert (row.value, row.is_default) == ("mixed", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settlement", "roundwise"),
        ("no_such_setting", "x"),
        ("draw", ["locked"]),
        ("draw", []),
        ("draw", ["cash", "cash"]),
        ("session_minutes", -5),
        ("session_minutes", "5"),
        ("cancel_settled", "yes"),
        ("lobby_url", ""),
    ],
)
def test_a_value_that_the_setting_may_not_have_is_refused(evolution: Integration, name: str, value: Any) -> None:
    with pytest.raises(UnableToSetOption):
        change(name, value)
    evolution.refresh_from_db()
    assert (evolution.options, IntegrationEvent.objects.filter(action="option_set").count()) == ({}, 0)


def test_staff_without_the_permission_change_nothing(evolution: Integration) -> None:
    somebody = User.objects.create_user("somebody")
    with pytest.raises(PermissionDenied):
        change("settlement", "gamewise", actor=somebody)
    somebody.user_permissions.add(Permission.objects.get(codename="change_options"))
    change("settlement", "gamewise", actor=User.objects.get(username="somebody"))
    assert Integration.objects.get(slug="evolution").options == {"settlement": "gamewise"}


def test_the_page_shows_every_setting_in_words(evolution: Integration, admin_client: Client) -> None:
    change("draw", ["cash"])
    page = admin_client.get(f"/admin/integrations/integration/{evolution.pk}/change/").content.decode()
    assert "What its protocol leaves open" in page
    for setting in settings_of(evolution):
        assert setting.option.name in page
    assert "restricted, then cash" in page
    assert "changed" in page
