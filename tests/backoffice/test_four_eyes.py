"""
Q6: every button × every role × direct POST × replay, beside the fuzz of approvals in tests/compliance.

T1 to T7 stand in test_traps.py, test_second_factor.py and test_session_hygiene.py; T5 and T6 stand here.
"""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.backoffice.roles import ROLES, sync_roles
from apps.brands.models import Brand
from apps.brands.switches import switch_brand
from apps.compliance.approval_commands import commands
from apps.compliance_reports.models import Report
from apps.core import clock
from apps.integrations.models import Integration
from apps.integrations.switches import switch_integration
from apps.providers.models import Game
from tests.backoffice.conftest import Login, make_staff
from tests.backoffice.test_traps import address_of, buttons
from tests.contracts.family import Vendor

EVERY_FIELD = {
    "reason": "let me through", "state": "approved", "approve": "1", "_fsm_transition_to": "approve", "post": "yes",
    "action": "approve", "is_superuser": "on", "checker": "1", "seen": "f" * 64, "to": "off", "purpose": "just looking",
}  # fmt: skip
APPEND_ONLY_TABLES = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%append_only' ORDER BY 1"


def permissions_of(name: str) -> frozenset[str]:
    return next(role.permissions for role in ROLES if role.name == name)


def fingerprint() -> dict[str, Any]:
    """How many rows each table holds, and what the rows that staff may change say."""
    counted = {
        model._meta.db_table: model._default_manager.count() for model in apps.get_models() if _is_counted(model)
    }
    switches = {
        "brands": list(Brand.objects.values_list("pk", "is_enabled")),
        "integrations": list(Integration.objects.values_list("pk", "switch", "options")),
        "games": list(Game.objects.values_list("pk", "is_enabled")),
        "people": list(User.objects.order_by("pk").values_list("pk", "is_superuser", "is_active", "password")),
        "groups": sorted(User.groups.through.objects.values_list("user_id", "group_id")),
    }
    return counted | switches


def versions_of(model: Any, pk: int) -> Any:
    """What the history keeps of one row."""
    return model.history.filter(id=pk)


def _is_counted(model: Any) -> bool:
    return model._meta.managed and model._meta.app_label not in {"sessions", "integrations", "sandbox", "core"}


@pytest.mark.parametrize("role", [each.name for each in ROLES])
def test_no_button_moves_anything_for_a_role_without_its_permission(
    role: str, played: Vendor, brand: Brand, login: Login
) -> None:
    client = login(role)
    mine = permissions_of(role) | {"compliance.view_approvalrequest"}
    client.get("/admin/")
    before = fingerprint()
    tried = 0
    for page, one in buttons():
        if one.permission in mine:
            continue
        row = page.model._default_manager.order_by("-pk").first()
        address = address_of(page, one, row.pk if row else 1)
        for _ in range(2):  # and a replay
            assert client.post(address, EVERY_FIELD).status_code == 403, (role, address)
        assert client.get(address, EVERY_FIELD).status_code in (403, 405), (role, address)
        tried += 1
    assert tried > 50
    assert fingerprint() == before
    assert not LogEntry.objects.exists()


def test_every_page_refuses_a_posted_form_to_a_reader(played: Vendor, login: Login) -> None:
    client = login("auditor")
    client.get("/admin/")
    before = fingerprint()
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.order_by("-pk").first()
        assert client.post(reverse(f"{name}_add"), EVERY_FIELD).status_code == 403, name
        # A list takes no posts of its own: there are no bulk actions.
        assert client.post(reverse(f"{name}_changelist"), EVERY_FIELD).status_code in (200, 302, 403), name
        for page in ("change", "delete", "history") if row else ():
            reply = client.post(reverse(f"{name}_{page}", args=[row.pk if row else 1]), EVERY_FIELD)
            assert reply.status_code in (302, 403, 405), (name, page, reply.status_code)
    assert fingerprint() == before


def test_the_roles_that_ask_and_the_roles_that_agree_are_known_for_every_command() -> None:
    """Nobody can be alone with a command: there is a role to ask for it and one to agree, and the code names both."""
    names = {permission for role in ROLES for permission in role.permissions}
    lonely = [each.name for each in commands() if not {each.maker_permission, each.checker_permission} <= names]
    assert lonely == []
    assert len(commands()) >= 10


def test_t5_every_change_of_a_historied_record_leaves_its_version(
    brand: Brand, caleta: Integration, game: Game, login: Login
) -> None:
    root = User.objects.create_superuser("root-of-t5")
    versions = {
        "brand": versions_of(Brand, brand.pk), "integration": versions_of(Integration, caleta.pk),
        "game": versions_of(Game, game.pk),
    }  # fmt: skip
    before = {name: of.count() for name, of in versions.items()}
    at = clock.now()
    for enabled in (False, True):
        switch_brand(brand_id=brand.pk, enabled=enabled, reason=f"set {enabled}", actor=root, now=at)
    switch_brand(brand_id=brand.pk, enabled=True, reason="no change", actor=root, now=at)
    switch_integration(slug=caleta.slug, to="off", reason="vendor asked", actor=root, now=at)
    client = login("game_ops")
    for button in ("disable", "enable"):
        client.post(reverse(f"admin:providers_game_{button}", args=[game.pk]), {"reason": "vendor asked"})

    added = {name: of.count() - before[name] for name, of in versions.items()}
    assert added == {"brand": 2, "integration": 1, "game": 2}
    newest = versions["brand"].latest()
    assert (newest.is_enabled, newest.history_user, newest.history_change_reason) == (True, root, "set True")
    assert versions["integration"].latest().history_user == root
    assert versions["game"].latest().history_user.username == "game_ops"


def test_t5_history_cannot_be_rewritten_whatever_table_it_is_in(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(APPEND_ONLY_TABLES)
        guarded = {row[0] for row in cursor.fetchall()}
    historied = {
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.model_name.startswith("historical")  # type: ignore[union-attr]
    }
    assert historied
    assert historied - guarded == set()


def test_t6_nothing_behind_the_wall_is_in_the_common_site() -> None:
    walled = set(apps.get_app_config("compliance_reports").get_models())
    assert Report in walled
    assert walled & set(admin.site._registry) == set()
    assert not any(
        hasattr(each, "related_model") and each.related_model in walled
        for model in admin.site._registry
        for each in model._meta.get_fields()
        if not getattr(each, "hidden", True) and each.is_relation
    )


def test_a_role_given_by_hand_does_not_survive_the_next_start(db: None) -> None:
    person = make_staff("support")
    group = Group.objects.get(name="support")
    group.permissions.add(*Group.objects.get(name="mlro").permissions.all())
    sync_roles()
    assert not User.objects.get(pk=person.pk).has_perm("players.unmask_player")


def test_this_fuzz_would_notice_an_open_button(
    played: Vendor, brand: Brand, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "has_perm", lambda *_: True)
    client = Client()
    client.force_login(make_staff("support", brand=brand, username="open"))
    page, one = next(pair for pair in buttons() if pair[1].permission == "providers.switch_game")
    game = Game.objects.get()
    with pytest.raises(AssertionError):
        assert client.post(address_of(page, one, game.pk), EVERY_FIELD).status_code == 403
