"""What each role may do, and that one brand's staff see nothing of another's."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.backoffice.roles import ROLES, sync_roles, unknown_permissions
from apps.brands.models import Brand, StaffScope
from apps.compliance.models import ApprovalRequest
from apps.integrations.models import Exchange, Integration
from apps.players.models import Player
from apps.providers.models import Round
from apps.transactions.models import Account, Transaction
from tests.backoffice.conftest import PASSWORD, Login, make_staff
from tests.contracts.family import Vendor
from tests.factories.integrations import make_brand

PERMISSIONS = {role.name: role.permissions for role in ROLES}


def test_roles_name_permissions_that_exist(db: None) -> None:
    assert unknown_permissions() == set()


def test_a_group_edited_by_hand_is_put_right(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    sync_roles()
    Group.objects.get(name="auditor").permissions.clear()
    Group.objects.get(name="support").permissions.add(*Group.objects.get(name="admin").permissions.all())
    call_command("sync_roles")
    said = capsys.readouterr().out
    assert "auditor: " in said
    assert "support: 0 granted" in said
    assert sync_roles() == []


def test_the_auditor_changes_nothing() -> None:
    reading = (".view_", ".read_")
    assert [each for each in PERMISSIONS["auditor"] if not any(word in each for word in reading)] == []


def test_the_admin_role_sees_no_players_money_or_calls() -> None:
    apps = {permission.partition(".")[0] for permission in PERMISSIONS["admin"]}
    assert not {"players", "transactions", "wallets"} & apps
    assert "integrations.view_exchange" not in PERMISSIONS["admin"]


def test_support_sees_no_reasons_of_holds_and_unmasks_nobody() -> None:
    assert not {"players.view_statuschange", "players.unmask_player"} & PERMISSIONS["support"]


def test_money_commands_and_player_status_are_apart() -> None:
    for name, permissions in PERMISSIONS.items():
        assert not {"wallets.propose_adjustment", "players.change_status"} <= permissions, name


@pytest.mark.parametrize("role", ["auditor", "mlro", "game_ops", "superuser"])
def test_another_brands_rows_do_not_exist(role: str, login: Login, played: Vendor, brand: Brand) -> None:
    other = make_brand("nordlys")
    user_client = login(role, scoped=False)
    if role != "superuser":
        StaffScope.objects.create(user=User.objects.get(username=role), brand=other)
    rows = {
        "players_player": Player, "providers_round": Round, "transactions_transaction": Transaction,
        "transactions_account": Account, "integrations_exchange": Exchange, "integrations_integration": Integration,
    }  # fmt: skip
    allowed = 0
    for name, model in rows.items():
        row = model._default_manager.order_by().first()
        assert row is not None
        query = {"transactions_account": "?owner=player", "integrations_exchange": "?since=all"}.get(name, "")
        listed = user_client.get(reverse(f"admin:{name}_changelist") + query)
        page = user_client.get(reverse(f"admin:{name}_change", args=[row.pk]))
        if listed.status_code == 403:
            continue
        allowed += 1
        results = len(listed.context["cl"].result_list)
        if role == "superuser":
            assert results > 0, name
            assert page.status_code == 200, name
        else:
            assert results == 0, name
            assert page.status_code == 302, name  # Django's way to say that it does not exist
    assert allowed >= 3
    traced = user_client.get(reverse("backoffice:trace"), {"id": played.sent[0]["transaction_uuid"]})
    if traced.status_code == 200:
        assert bool(traced.context["trace"].steps) == (role == "superuser")


def test_a_button_does_not_reach_another_brands_player(played: Vendor, login: Login) -> None:
    client = login("investigator", scoped=False)
    player = Player.objects.get()
    address = reverse("admin:players_player_change-player-status", args=[player.pk])
    terms = {"to": "suspended", "reason_code": "fraud-review", "note": ""}
    assert client.post(address, terms).status_code == 404
    player.refresh_from_db()
    assert player.status == "active"


def test_nobody_raises_themselves(login: Login) -> None:
    client = login("admin")
    me = User.objects.get(username="admin")
    root = User.objects.create_superuser("root", password=PASSWORD)
    colleague = make_staff("support")
    mlro = Group.objects.get(name="mlro")
    terms = {"username": "x", "is_staff": "on", "is_active": "on", "groups": [mlro.pk], "is_superuser": "on"}
    for target in (me, root):
        address = reverse("admin:auth_user_change", args=[target.pk])
        assert client.get(address).status_code == 200
        assert client.post(address, terms).status_code == 403
        assert client.post(reverse("admin:auth_user_password_change", args=[target.pk]), {}).status_code == 403
    assert client.post(reverse("admin:auth_user_change", args=[colleague.pk]), terms).status_code == 302
    colleague.refresh_from_db()
    assert [group.name for group in colleague.groups.all()] == ["support"]
    assert not colleague.is_superuser
    own = reverse("admin:auth_user_propose-roles", args=[me.pk])
    client.post(own, {"roles": ["mlro"], "reason": "I would like to"})
    assert not ApprovalRequest.objects.exists()
    assert [group.name for group in me.groups.all()] == ["admin"]


def propose(client: Client, person: User, *roles: str) -> ApprovalRequest | None:
    address = reverse("admin:auth_user_propose-roles", args=[person.pk])
    client.post(address, {"roles": roles, "reason": "joins the team"})
    return ApprovalRequest.objects.first()


def approve(client: Client, request: ApprovalRequest | None) -> None:
    assert request is not None
    address = reverse("admin:compliance_approvalrequest_approve", args=[request.pk])
    client.post(address, {"reason": "agreed", "seen": request.payload_hash})


def test_roles_are_given_by_two_people_neither_of_whom_gets_them(login: Login) -> None:
    first, second = login("admin"), login("admin", username="second")
    colleague = make_staff("support")

    request = propose(first, colleague, "mlro", "support")
    assert request is not None
    assert request.summary == "support gets mlro. Afterwards: mlro, support."
    approve(first, request)
    assert {group.name for group in colleague.groups.all()} == {"support"}
    approve(second, request)
    assert {group.name for group in colleague.groups.all()} == {"mlro", "support"}


def test_the_one_who_gets_roles_does_not_agree_to_them(login: Login) -> None:
    first, second = login("admin"), login("admin", username="second")
    receiver = User.objects.get(username="second")

    request = propose(first, receiver, "admin", "mlro")
    approve(second, request)

    assert {group.name for group in receiver.groups.all()} == {"admin"}


def test_roles_changed_in_the_meantime_make_the_request_stale(login: Login) -> None:
    first, second = login("admin"), login("admin", username="second")
    colleague = make_staff("support")
    request = propose(first, colleague, "mlro")
    colleague.groups.clear()

    approve(second, request)

    assert not colleague.groups.exists()
    assert ApprovalRequest.objects.get().state == "refused"


def test_one_person_does_not_draft_and_publish(login: Login) -> None:
    client = login("admin")
    colleague = make_staff("policy_author")

    assert propose(client, colleague, "policy_author", "policy_approver") is None

    assert colleague.groups.count() == 1
