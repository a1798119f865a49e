"""Four eyes: who may ask, who may decide, and who may know of it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.brands.models import StaffScope
from apps.compliance.approval_access import may_decide, visible_to
from apps.compliance.approvals import (
    ApprovalSecondPerson,
    ApprovalUnknown,
    ApprovalVoid,
)
from apps.compliance.models import ApprovalRequest
from tests.compliance import desk
from tests.compliance.desk import (
    CHECK,
    INBOX,
    LATER,
    MAKE,
    PAYLOAD,
    asked,
    checker,
    decide,
    events,
    maker,
    place,
    state,
)
from tests.factories.games import make_player
from tests.factories.staff import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("command")]


@pytest.mark.parametrize("superuser", [False, True])
def test_nobody_decides_on_what_he_asked_for_himself(superuser: bool) -> None:  # noqa: FBT001
    both = make_staff("both", *(() if superuser else (MAKE, CHECK)), superuser=superuser)
    request = asked(both)

    for approve in (True, False):
        with pytest.raises(ApprovalSecondPerson):
            decide(request, both, approve=approve)

    assert (state(request), place().name) == ("waiting", "Place")


def test_the_database_itself_refuses_one_person_in_both_roles() -> None:
    request = asked()
    decided = {"state": "executed", "checker": request.maker, "decided_at": LATER, "executed_at": LATER}

    with pytest.raises(IntegrityError, match="compliance_approval_second_person"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=request.pk).update(**decided)


def test_asking_and_deciding_take_their_own_permission() -> None:
    with pytest.raises(PermissionDenied):
        asked(checker())
    request = asked()

    with pytest.raises(PermissionDenied):
        decide(request, maker("another"))

    assert (state(request), place().name) == ("waiting", "Place")


def test_a_right_that_was_taken_away_after_log_in_no_longer_counts() -> None:
    request = asked()
    person = checker()
    assert person.has_perm(CHECK)  # remembered by the object, as a request remembers it
    User.objects.get(pk=person.pk).user_permissions.remove(Permission.objects.get(codename="change_jurisdiction"))

    with pytest.raises(PermissionDenied):
        decide(request, person)

    assert (state(request), place().name) == ("waiting", "Place")


@pytest.mark.parametrize("how", ["left", "lost his permission", "is no longer staff"])
def test_a_request_is_void_once_its_maker_may_not_ask_any_more(how: str) -> None:
    request = asked()
    if how == "left":
        User.objects.filter(pk=request.maker_id).update(is_active=False)
    elif how == "is no longer staff":
        User.objects.filter(pk=request.maker_id).update(is_staff=False)
    else:
        request.maker.user_permissions.clear()

    with pytest.raises(ApprovalVoid):
        decide(request, checker())

    assert (state(request), place().name, desk.abandoned) == ("void", "Place", [PAYLOAD])
    assert events(request) == [("asked", "mia"), ("void", "")]


def test_only_staff_of_the_players_brand_ask_and_decide() -> None:
    player = make_player()
    outsider = make_staff("outsider", MAKE, CHECK)
    with pytest.raises(ApprovalUnknown):
        asked(outsider, subject_player_id=player.pk)
    insider = maker()
    StaffScope.objects.create(user=insider, brand=player.brand)
    request = asked(insider, subject_player_id=player.pk)

    with pytest.raises(ApprovalUnknown):
        decide(request, outsider)
    StaffScope.objects.create(user=outsider, brand=player.brand)
    decide(request, outsider)

    assert (request.brand, place().name) == (player.brand, "Place!")


def test_a_maker_who_no_longer_serves_the_brand_voids_his_request() -> None:
    player = make_player()
    StaffScope.objects.create(user=maker(), brand=player.brand)
    StaffScope.objects.create(user=checker(), brand=player.brand)
    request = asked(subject_player_id=player.pk)
    StaffScope.objects.filter(user=maker()).delete()

    with pytest.raises(ApprovalVoid):
        decide(request, checker())

    assert place().name == "Place"


def test_a_walled_request_does_not_exist_for_a_superuser_nor_for_an_auditor() -> None:
    desk_permissions = (INBOX, "compliance.view_every_approval")
    root = make_staff("root", superuser=True)
    auditor = make_staff("ada", *desk_permissions)
    with desk.behind_a_wall():
        request = asked()
        for outsider in (root, auditor):
            assert not visible_to(outsider, ApprovalRequest.objects.all()).exists()
            assert not may_decide(outsider, request)
            with pytest.raises(PermissionDenied):
                decide(request, outsider)
            client = Client()
            client.force_login(outsider)
            address = reverse("admin:compliance_approvalrequest_changelist") + "?inbox=all"
            told = [client.get(each).content.decode() for each in (address, reverse("admin:index"))]
            assert not [text for text in told if request.summary in text]
            page = reverse("admin:compliance_approvalrequest_change", args=[request.pk])
            assert client.get(page).status_code == 302
        with pytest.raises(PermissionDenied):
            asked(root)
        # Those who were given the permission by name, a superuser among them, meet it.
        root.user_permissions.add(Permission.objects.get(codename="change_jurisdiction"))
        assert visible_to(root, ApprovalRequest.objects.all()).get() == request
        assert decide(request, root).state == "executed"
