"""The traps of the admin packages, tried by people who must not get through (compliance reference 6.8)."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django_fsm.admin import FSMAdminMixin
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.datasets import BaseDataset
from unfold.decorators import action

from apps.brands.models import Brand, StaffScope
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.core.admin_actions import staff_action
from apps.core.admin_base import StaffAdmin
from apps.core.admin_safety import refuse_unsafe_pages, unsafe_pages
from apps.integrations.models import Credential, Integration
from apps.players.models import Player
from apps.providers.models import Game, Round, Studio
from apps.providers.round_voids import propose_void
from tests.backoffice.conftest import Login, make_staff
from tests.contracts.family import Vendor


def pages() -> list[Any]:
    return list(admin.site._registry.values())


def versions() -> Any:
    """The kept versions of all games."""
    return Game.history


def buttons() -> list[tuple[Any, Any]]:
    """Every button of every page."""
    return [(page, one) for page in pages() for one in page.actions_of_page()]


def address_of(page: Any, one: Any, pk: object) -> str:
    meta = page.model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{one.name}", args=[pk])


def permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


@pytest.fixture
def nobody(db: None) -> Client:
    """Staff without a single permission."""
    client = Client()
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    return client


def test_every_registered_page_is_safe() -> None:
    assert unsafe_pages(admin.site) == []
    assert len(buttons()) >= 12


@pytest.mark.parametrize("wrong", ["plain", "fsm", "history", "dataset", "detail", "list", "bulk", "unmarked"])
def test_the_platform_does_not_start_with_an_unsafe_page(wrong: str) -> None:
    class Rows(BaseDataset):
        model = Studio
        model_admin = StaffAdmin

    @action(description="Boom")  # type: ignore[operator] # typed as what it returns
    def boom(self: Any, request: HttpRequest, object_id: str = "") -> HttpResponse:
        return HttpResponse()

    bodies: dict[str, tuple[tuple[type, ...], dict[str, Any]]] = {
        "plain": ((ModelAdmin,), {}),
        "fsm": ((FSMAdminMixin, StaffAdmin), {}),
        "history": ((SimpleHistoryAdmin, StaffAdmin), {}),
        "dataset": ((StaffAdmin,), {"change_form_datasets": (Rows,)}),
        "detail": ((StaffAdmin,), {"actions_detail": ("boom",), "boom": boom}),
        "list": ((StaffAdmin,), {"actions_list": ("boom",), "boom": boom}),
        "bulk": ((StaffAdmin,), {"actions": ("boom",), "boom": boom}),
        "unmarked": ((StaffAdmin,), {"staff_actions": ("boom",), "boom": boom}),
    }
    bases, body = bodies[wrong]
    site = admin.AdminSite()
    # Put in by hand: the stock registration would look the buttons up first.
    page: Any = object.__new__(type("Unsafe", bases, body))
    site._registry[Studio] = page
    with pytest.raises(ImproperlyConfigured, match="Unsafe"):
        refuse_unsafe_pages(site)


def test_a_button_without_a_permission_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"app_label\.codename"):
        staff_action(title="Boom", permission="")


def test_t1_a_posted_transition_moves_nothing(played: Vendor, login: Login) -> None:
    maker = make_staff("game_ops", brand=Brand.objects.get(), username="maker")
    open_round = Round.objects.get(external_id="r-2")
    asked = propose_void(rounds=[open_round], reason="Malfunction", maker=maker, now=clock.now())
    client = login("superuser")
    address = reverse("admin:compliance_approvalrequest_change", args=[asked.pk])
    assert "_fsm_transition_to" not in client.get(address).content.decode()
    assert client.post(address, {"_fsm_transition_to": "execute"}).status_code == 403
    assert ApprovalRequest.objects.get(pk=asked.pk).state == "waiting"


def test_t2_a_viewer_cannot_write_an_old_version_back(game: Game, login: Login) -> None:
    game.title = "Renamed"
    game.save(update_fields=["title"])
    version = versions().earliest().history_id
    client = login("auditor")
    history = reverse("admin:providers_game_history", args=[game.pk])
    page = client.get(history)
    assert page.status_code == 200
    assert "Dragon Rising" in page.content.decode()
    terms = {"title": "Stolen", "is_enabled": "on"}
    assert client.post(reverse("admin:providers_game_change", args=[game.pk]), terms).status_code == 403
    assert client.post(history, terms).status_code == 405
    assert client.post(f"{history}{version}/", terms).status_code == 405
    for role in ("game_ops", "superuser"):
        assert login(role).post(f"{history}{version}/", terms).status_code == 405
    assert Game.objects.values_list("title", flat=True).get() == "Renamed"
    assert versions().count() == 2


def test_t2_history_is_for_those_who_may_view(game: Game, nobody: Client) -> None:
    assert nobody.get(reverse("admin:providers_game_history", args=[game.pk])).status_code == 403


def test_t3_lists_inside_a_page_ask_for_their_own_permission(caleta: Integration, game: Game) -> None:
    kid = Credential.objects.first().kid  # type: ignore[union-attr]
    user = User.objects.create_user("half", is_staff=True)
    user.user_permissions.add(permission("integrations.view_integration"))
    StaffScope.objects.create(user=user, brand=Brand.objects.get())
    client = Client()
    client.force_login(user)
    page = client.get(reverse("admin:integrations_integration_change", args=[caleta.pk]))
    assert page.status_code == 200
    assert 'data-test="keys"' not in page.content.decode()
    user.user_permissions.add(permission("integrations.view_credential"))
    page = client.get(reverse("admin:integrations_integration_change", args=[caleta.pk]))
    assert kid in page.content.decode()


def test_t4_nobody_presses_a_button_without_its_permission(played: Vendor, nobody: Client) -> None:
    assert buttons()
    for page, one in buttons():
        row = page.model._default_manager.order_by().first()
        address = address_of(page, one, row.pk if row else 1)
        for reply in (nobody.get(address), nobody.post(address, {"reason": "because I can"})):
            assert reply.status_code == 403, address
    for page in admin.site._registry.values():
        row = page.model._default_manager.order_by().first()
        if row is not None:
            meta = page.model._meta
            address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
            terms = {"dataset": "Rows", "action": "delete_selected", "_selected_action": row.pk}
            assert nobody.post(address, terms).status_code == 403, address
    assert not LogEntry.objects.exists()


def test_t4_a_button_does_nothing_by_get(played: Vendor, login: Login) -> None:
    client = login("superuser")
    for page, one in buttons():
        row = page.model._default_manager.order_by().first()
        assert client.get(address_of(page, one, row.pk if row else 1)).status_code == 405
    assert not LogEntry.objects.exists()


def test_a_button_needs_sight_of_the_page_too(game: Game) -> None:
    user = User.objects.create_user("blind", is_staff=True)
    user.user_permissions.add(permission("providers.switch_game"))
    client = Client()
    client.force_login(user)
    address = reverse("admin:providers_game_disable", args=[game.pk])
    assert client.post(address, {"reason": "Vendor asked"}).status_code == 403
    assert Game.objects.get().is_enabled


def test_a_posted_button_without_a_csrf_token_is_refused(game: Game, login: Login) -> None:
    careless = login("game_ops")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = careless.cookies
    address = reverse("admin:providers_game_disable", args=[game.pk])
    assert strict.post(address, {"reason": "Vendor asked"}).status_code == 403
    assert Game.objects.get().is_enabled


@pytest.mark.parametrize(
    "table",
    [
        "django_admin_log", "backoffice_personaldataread", "brands_historicalbrand", "providers_historicalgame",
        "integrations_historicalintegration",
    ],
)  # fmt: skip
def test_records_of_what_staff_did_only_grow(
    table: str, player: Player, caleta: Integration, game: Game, login: Login
) -> None:
    client = login("superuser")
    client.post(address_of_button("providers_game", game.pk, "disable"), {"reason": "Vendor asked"})
    client.post(
        address_of_button("players_player", player.pk, "show-personal-data"),
        {"purpose": "Case 17", "fields_wanted": ["city"]},
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name from the list above
        assert cursor.fetchone()[0] > 0
        key = "history_id" if "historical" in table else "id"
        for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):  # noqa: S608 - likewise
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(statement)


def address_of_button(page: str, pk: object, button: str) -> str:
    return reverse(f"admin:{page}_{button}", args=[pk])
