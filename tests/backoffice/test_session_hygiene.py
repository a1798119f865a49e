"""Staff sessions: a fresh factor for what matters, an end when idle, and one's own log-ins to look at and end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from apps.backoffice import sensitive_views
from apps.backoffice.models import Download, PersonalDataRead, StaffSession
from apps.brands.models import Brand
from apps.compliance.approval_commands import commands
from apps.compliance.approvals import end_stale_requests
from apps.compliance.models import ApprovalRequest
from apps.players.models import Player
from tests.backoffice.conftest import PASSWORD, make_staff
from tests.backoffice.test_second_factor import code_of, log_in
from tests.factories.games import make_player

FRESH = "/admin/second-factor/?fresh=1"


@pytest.fixture
def ada(brand: Brand) -> Player:
    return make_player("ada")


@pytest.fixture
def enter(brand: Brand, settings: Settings) -> Callable[[str], tuple[Client, str]]:
    """Log in as a role with password and factor; gives the browser and the device's secret."""
    settings.STAFF_SECOND_FACTOR_REQUIRED = True

    def entered(role: str) -> tuple[Client, str]:
        user = make_staff(role, brand=brand)
        secret = generate_totp_secret()
        TOTP.activate(user, secret)
        client = Client()
        log_in(client, role)
        assert client.post("/admin/second-factor/", {"code": code_of(secret)}).status_code == 302
        return client, secret

    return entered


def age(client: Client, name: str, **by: int) -> None:
    """Make what the session remembers older."""
    session = client.session
    session[name] = (timezone.now() - timedelta(**by)).isoformat()
    session.save()


def stale(client: Client) -> None:
    age(client, "staff_second_factor_at", minutes=6)


def test_unmasking_wants_a_fresh_factor(ada: Player, enter: Callable[[str], tuple[Client, str]]) -> None:
    client, _ = enter("investigator")
    address = reverse("admin:players_player_show-personal-data", args=[ada.pk])
    terms = {"fields_wanted": ["city"], "purpose": "Case 17"}
    stale(client)

    asked = client.post(address, terms, headers={"Referer": f"http://testserver/admin/players/player/{ada.pk}/change/"})

    assert asked.headers["Location"].startswith(FRESH)
    assert "next=http%3A%2F%2Ftestserver%2Fadmin%2Fplayers" in asked.headers["Location"]
    assert not PersonalDataRead.objects.exists()
    assert "wants a code shown within the last minutes" in client.get(asked.headers["Location"]).content.decode()
    # Reading on goes on; only what matters asks.
    assert client.get(reverse("admin:players_player_change", args=[ada.pk])).status_code == 200
    age(client, "staff_second_factor_at", minutes=1)
    assert client.post(address, terms).status_code == 302
    assert PersonalDataRead.objects.count() == 1


def test_the_factor_is_shown_again_and_leads_back(enter: Callable[[str], tuple[Client, str]]) -> None:
    client, _ = enter("mlro")
    user = User.objects.get(username="mlro")
    stale(client)
    page = f"{FRESH}&next=/admin/help/"
    assert client.post(page, {"code": "000000"}).status_code == 200
    user_secret = generate_totp_secret()  # the device's code of this half minute was used at log-in: another device
    user.authenticator_set.all().delete()
    TOTP.activate(user, user_secret)
    done = client.post(page, {"code": code_of(user_secret)})
    assert done.headers["Location"] == "/admin/help/"
    assert client.get(page).status_code == 302  # fresh now: nothing to ask


def test_the_way_back_leads_to_no_other_site(ada: Player, enter: Callable[[str], tuple[Client, str]]) -> None:
    client, _ = enter("investigator")
    stale(client)
    address = reverse("admin:players_player_show-personal-data", args=[ada.pk])
    asked = client.post(address, {}, headers={"Referer": "https://evil.example/"})
    assert asked.headers["Location"] == f"{FRESH}&next=%2Fadmin%2F"


def sensitive() -> list[tuple[str, str]]:
    """Every address that decides, unmasks or hands out files, with its method."""
    names = sorted(sensitive_views.POSTS | sensitive_views.deciding_buttons())
    return [("POST", name) for name in names] + [("GET", name) for name in sorted(sensitive_views.DOWNLOADS)]


def address_of(name: str) -> str:
    """Any address of that name; the factor is asked for before anybody looks whether there is such a row."""
    space, _, plain = name.rpartition(":")
    resolver: Any = get_resolver().namespace_dict[space][1] if space else get_resolver()
    (_, parameters), *_ = resolver.reverse_dict.getlist(plain)[0][0]
    some = {"object_id": "1", "public_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "step": "submit"}
    some["evidence_id"] = some["public_id"]
    return reverse(name, kwargs={each: some.get(each, 1) for each in parameters})


def test_every_decision_and_every_file_wants_a_fresh_factor(enter: Callable[[str], tuple[Client, str]]) -> None:
    client, _ = enter("admin")
    User.objects.update(is_superuser=True)
    stale(client)
    found = sensitive()
    assert len(found) >= 18
    for method, name in found:
        reply = client.generic(method, address_of(name))
        assert reply.status_code == 302, name
        assert reply.headers["Location"].startswith(FRESH), name
    assert not Download.objects.exists()


def test_every_permission_to_check_somebody_is_on_a_button_that_wants_it() -> None:
    buttons = {name.rpartition("_")[2] for name in sensitive_views.deciding_buttons()}
    assert {"approve", "reject", "show-personal-data"} <= buttons
    assert commands()


def test_the_record_of_a_decision_says_with_which_factor_each_of_the_two_had_come(
    ada: Player, brand: Brand, settings: Settings, enter: Callable[[str], tuple[Client, str]]
) -> None:
    maker, _ = enter("investigator")
    maker.post(
        reverse("admin:players_player_more-looks", args=[ada.pk]), {"looks": "1", "reason": "A ring of accounts"}
    )
    asked = ApprovalRequest.objects.get()
    user = make_staff("mlro", brand=brand)
    TOTP.activate(user, generate_totp_secret())
    (code, *_) = RecoveryCodes.activate(user).generate_codes()
    checker = Client()
    log_in(checker, "mlro")
    checker.post("/admin/second-factor/", {"code": code})

    page = reverse("admin:compliance_approvalrequest_change", args=[asked.pk])
    approve = reverse("admin:compliance_approvalrequest_approve", args=[asked.pk])
    assert checker.post(approve, {"reason": "", "seen": asked.payload_hash}).status_code == 302

    events = list(asked.events.order_by("pk"))
    assert [(each.kind, each.factor) for each in events] == [("asked", "totp"), ("executed", "recovery_codes")]
    assert all(each.factor_at is not None and each.factor_at <= timezone.now() for each in events)
    shown = checker.get(page).content.decode()
    assert "with a code of the device" in shown
    assert "with a recovery code" in shown

    # Nobody's log-in, and one that has no device.
    settings.STAFF_SECOND_FACTOR_REQUIRED = False
    plain = Client()
    log_in(plain, make_staff("investigator", brand=brand, username="vera").username)
    plain.post(
        reverse("admin:players_player_more-looks", args=[ada.pk]), {"looks": "2", "reason": "A ring of accounts"}
    )
    other = ApprovalRequest.objects.first()
    assert other is not None
    end_stale_requests(now=timezone.now() + timedelta(days=30))
    assert list(other.events.values_list("kind", "factor", "factor_at")) == [
        ("asked", "none", None), ("expired", "", None),
    ]  # fmt: skip


def test_where_no_factor_is_due_none_has_to_be_fresh(ada: Player, brand: Brand) -> None:
    make_staff("investigator", brand=brand)
    client = Client()
    log_in(client, "investigator")
    address = reverse("admin:players_player_show-personal-data", args=[ada.pk])
    assert client.post(address, {"fields_wanted": ["city"], "purpose": "Case 17"}).status_code == 302
    assert PersonalDataRead.objects.count() == 1


def test_an_idle_session_is_ended(brand: Brand, settings: Settings) -> None:
    make_staff("auditor", brand=brand)
    client = Client()
    log_in(client, "auditor")
    age(client, "staff_seen_at", seconds=settings.STAFF_IDLE_SECONDS - 5)
    assert client.get("/admin/").status_code == 200
    age(client, "staff_seen_at", seconds=settings.STAFF_IDLE_SECONDS + 1)
    assert client.post(reverse("backoffice:end-sessions")).status_code == 403
    assert "_auth_user_id" not in client.session
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert StaffSession.objects.get().end_reason == "idle"


def test_a_page_that_refreshes_itself_keeps_nobody_logged_in(brand: Brand) -> None:
    make_staff("auditor", brand=brand)
    client = Client()
    log_in(client, "auditor")
    age(client, "staff_seen_at", minutes=10)
    seen = client.session["staff_seen_at"]
    assert client.get(reverse("backoffice:live")).status_code == 200
    assert client.session["staff_seen_at"] == seen
    client.get(reverse("backoffice:help"))
    assert client.session["staff_seen_at"] > seen


def test_people_see_their_log_ins_and_end_what_is_not_theirs(brand: Brand) -> None:
    make_staff("auditor", brand=brand)
    make_staff("support", brand=brand)
    mine, stolen, colleague = Client(), Client(headers={"User-Agent": "Thief/1.0"}), Client()
    for client, name in ((mine, "auditor"), (stolen, "auditor"), (colleague, "support")):
        log_in(client, name)
    page = mine.get(reverse("backoffice:sessions")).content.decode()
    assert page.count("this one") == 1
    assert "Thief/1.0" in page

    theirs = StaffSession.objects.get(user__username="support")
    mine.post(reverse("backoffice:end-sessions"), {"log_in": theirs.pk})
    assert colleague.get("/admin/").status_code == 200  # a colleague's is not one's own to end
    mine.post(reverse("backoffice:end-sessions"), {"log_in": StaffSession.objects.get(user_agent="Thief/1.0").pk})

    assert stolen.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert mine.get("/admin/").status_code == 200


def test_all_others_are_ended_at_once_but_not_this_one(brand: Brand) -> None:
    make_staff("auditor", brand=brand)
    browsers = [Client() for _ in range(3)]
    for client in browsers:
        log_in(client, "auditor")
    browsers[0].post(reverse("backoffice:end-sessions"))
    assert [client.get("/admin/").status_code for client in browsers] == [200, 302, 302]


@pytest.mark.parametrize("sent", ["x", "-1", "9" * 30, "0"])
def test_a_log_in_that_is_none_ends_nothing(sent: str, brand: Brand) -> None:
    make_staff("auditor", brand=brand)
    browsers = [Client(), Client()]
    for client in browsers:
        log_in(client, "auditor")
    browsers[0].post(reverse("backoffice:end-sessions"), {"log_in": sent})
    assert [client.get("/admin/").status_code for client in browsers] == [200, 200]


def test_the_admin_role_ends_a_colleagues_log_ins(brand: Brand) -> None:
    make_staff("admin", brand=brand)
    target = make_staff("auditor", brand=brand)
    admin, auditor = Client(), Client()
    log_in(admin, "admin", PASSWORD)
    log_in(auditor, "auditor", PASSWORD)
    address = reverse("admin:auth_user_end-sessions", args=[target.pk])
    assert auditor.post(address, {"reason": "because I can"}).status_code == 403
    admin.post(address, {"reason": "Laptop was lost"})
    assert auditor.get("/admin/").headers["Location"].startswith("/admin/login/")
