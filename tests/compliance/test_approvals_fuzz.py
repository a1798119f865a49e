"""
Every registered command × every role × every way in: nobody gets past the second person (Q6).

A request row is made for each command as its maker would have made it; then every role, the maker and superusers press
every button and post every hidden field. Whoever may not decide changes nothing.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from apps.backoffice.roles import ROLES, sync_roles
from apps.compliance.approval_commands import Command, command_named, commands
from apps.compliance.models import ApprovalEvent, ApprovalRequest
from apps.core import clock
from tests.compliance import desk
from tests.compliance.desk import asked, checker, maker, place

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("command")]
REGISTERED = [each.name for each in commands()]
ROLE_PERMISSIONS = {role.name: role.permissions for role in ROLES}
BUTTONS = ("approve", "reject", "take-back")


def people() -> dict[str, User]:
    """One of each role, and a superuser who made the request."""
    sync_roles()
    found = {}
    for role in ROLES:
        found[role.name] = User.objects.create(username=role.name, is_staff=True)
        found[role.name].groups.set([Group.objects.get(name=role.name)])
    return found


def waiting(name: str, by: User, *, hours: int = 1) -> ApprovalRequest:
    """Make a request as it would stand in the database; its payload is that of no command, its hash of no payload."""
    at = clock.now()
    return ApprovalRequest.objects.create(
        command=name,
        payload={"probe": 1},
        payload_hash="f" * 64,
        summary="Something would happen",
        reason="because of a test",
        maker=by,
        created_at=at - timedelta(hours=2),
        expires_at=at + timedelta(hours=hours),
    )


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def press(client: Client, request: ApprovalRequest, button: str) -> int:
    url = reverse(f"admin:compliance_approvalrequest_{button}", args=[request.pk])
    said = {"reason": "I would like it so", "seen": request.payload_hash}
    return client.post(url, said).status_code


def attack(client: Client, request: ApprovalRequest) -> list[int]:
    """Everything else one can send at a request."""
    row = [request.pk]
    forms = {
        "state": "executed", "_fsm_transition_to": "execute", "checker": "1", "payload": "{}", "action": "approve",
        "_selected_action": str(request.pk), "post": "yes", "seen": request.payload_hash, "reason": "let me in",
    }  # fmt: skip
    posted = [
        client.post(reverse("admin:compliance_approvalrequest_change", args=row), forms),
        client.post(reverse("admin:compliance_approvalrequest_delete", args=row), forms),
        client.post(reverse("admin:compliance_approvalrequest_add"), forms),
        client.post(reverse("admin:compliance_approvalrequest_history", args=row), forms),
        client.post(reverse("admin:compliance_approvalrequest_history", args=row) + "1/", forms),
    ]
    asked_for = [
        client.get(reverse(f"admin:compliance_approvalrequest_{button}", args=row), forms) for button in BUTTONS
    ]
    return [reply.status_code for reply in (*posted, *asked_for)]


@pytest.mark.parametrize("name", [*REGISTERED, desk.NAME])
def test_no_role_gets_past_the_second_person(name: str) -> None:
    nobody_gets_past(name, people())


def nobody_gets_past(name: str, staff: dict[str, User]) -> None:
    """Let one of each role try; who may decide is read from what roles are declared to hold, not from the database."""
    spec = command_named(name)
    made_by = User.objects.create_superuser("the-maker")
    for role, person in staff.items():
        request = waiting(name, made_by)
        client = browser(person)

        # The ways in that know no command are tried once for each role; the buttons for each command.
        if name == desk.NAME:
            assert set(attack(client, request)) <= {302, 403, 404, 405}, (role, name)
        codes = {button: press(client, request, button) for button in ("approve", "reject")}

        left = ApprovalRequest.objects.get(pk=request.pk)
        if spec.checker_permission in ROLE_PERMISSIONS[role]:
            # He may decide; but what he was shown is not what its hash says, so it is refused, never carried out.
            assert (left.state, left.checker) == ("refused", person), (role, name)
        else:
            assert (left.state, left.decided_at) == ("waiting", None), (role, name, codes)
            assert ApprovalEvent.objects.filter(approval=request).count() == 0
        assert not ApprovalRequest.objects.filter(state="executed").exists()


@pytest.mark.parametrize("name", [*REGISTERED, desk.NAME])
def test_nobody_decides_on_his_own_request_however_mighty(name: str) -> None:
    mighty = User.objects.create_superuser("mighty")
    request = waiting(name, mighty)
    client = browser(mighty)

    if name == desk.NAME:
        attack(client, request)
    for button in ("approve", "reject"):
        press(client, request, button)

    left = ApprovalRequest.objects.get(pk=request.pk)
    assert (left.state, left.checker, left.executed_at) == ("waiting", None, None)


@pytest.mark.parametrize("name", [*REGISTERED, desk.NAME])
def test_nothing_is_carried_out_after_its_time(name: str) -> None:
    request = waiting(name, User.objects.create_superuser("the-maker"), hours=-1)
    checker_ = User.objects.create_superuser("the-checker")

    for _ in range(2):
        press(browser(checker_), request, "approve")

    left = ApprovalRequest.objects.get(pk=request.pk)
    assert (left.state, left.executed_at) == ("expired", None)


@pytest.mark.parametrize("name", [*REGISTERED, desk.NAME])
def test_every_command_keeps_making_and_checking_apart(name: str) -> None:
    spec: Command = command_named(name)

    assert spec.maker_permission != spec.checker_permission
    both = [role.name for role in ROLES if {spec.maker_permission, spec.checker_permission} <= role.permissions]
    # One role may hold both (payments staff check each other); then it is the person that differs.
    for role in both:
        person = User.objects.create(username=f"both-{role}", is_staff=True)
        sync_roles()
        person.groups.set([Group.objects.get(name=role)])
        request = waiting(name, person)
        press(browser(person), request, "approve")
        assert ApprovalRequest.objects.get(pk=request.pk).state == "waiting"


def test_the_whole_way_works_in_the_browser_and_only_once() -> None:
    request = asked(expires_at=clock.now() + timedelta(hours=1))
    stranger, colleague, own = browser(maker("other")), browser(checker()), browser(request.maker)
    page = reverse("admin:compliance_approvalrequest_change", args=[request.pk])

    assert "XX gets &#x27;!&#x27; at the end of its name." in colleague.get(page).content.decode()
    assert {press(stranger, request, "approve"), press(own, request, "approve")} <= {302, 403}
    assert place().name == "Place"
    for _ in range(3):  # a replay of the same post
        press(colleague, request, "approve")

    assert place().name == "Place!"
    assert [each.kind for each in request.events.all()] == ["asked", "executed"]


def test_the_page_offers_only_buttons_that_would_work() -> None:
    request = asked()
    page = reverse("admin:compliance_approvalrequest_change", args=[request.pk])

    def offered(person: User) -> list[str]:
        return [each["action"].name for each in browser(person).get(page).context["staff_actions"]]

    assert offered(checker()) == ["approve", "reject"]
    assert offered(request.maker) == ["take-back"]
    assert offered(maker("other")) == []


def test_a_checker_who_was_shown_something_else_decides_on_nothing() -> None:
    request = asked(expires_at=clock.now() + timedelta(hours=1))
    url = reverse("admin:compliance_approvalrequest_approve", args=[request.pk])

    browser(checker()).post(url, {"reason": "fine", "seen": "0" * 64})

    assert (ApprovalRequest.objects.get(pk=request.pk).state, place().name) == ("waiting", "Place")


def test_a_walled_request_is_seen_by_those_who_hold_its_permissions_only() -> None:
    walled = desk.NAME
    spec = command_named(walled)
    request = asked()
    auditor = people()["auditor"]
    listing = reverse("admin:compliance_approvalrequest_changelist") + "?inbox=all"
    page = reverse("admin:compliance_approvalrequest_change", args=[request.pk])

    assert browser(auditor).get(page).status_code == 200
    object.__setattr__(spec, "walled", True)

    assert browser(auditor).get(page).status_code == 302  # as of a row that does not exist
    assert "at the end of its name" not in browser(auditor).get(listing).content.decode()
    assert browser(checker()).get(page).status_code == 200


def test_this_fuzz_would_notice_a_bypass() -> None:
    staff = people()
    _, _, codename = desk.CHECK.partition(".")
    staff["auditor"].user_permissions.add(Permission.objects.get(codename=codename))

    with pytest.raises(AssertionError, match="auditor"):
        nobody_gets_past(desk.NAME, staff)
