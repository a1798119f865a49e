"""The first page shows each role its work in a constant number of queries; lists keep the filters people want."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.backoffice.models import KeptView
from apps.backoffice.navigation import sidebar
from apps.backoffice.pages import KEYS
from apps.backoffice.roles import ROLES
from apps.brands.models import Brand
from apps.compliance.cases.claims import claim_case
from tests.backoffice.conftest import Login
from tests.factories.cases import NOW, case_of, colleague, hit
from tests.factories.games import make_player
from tests.factories.staff import make_staff
from tests.harness.queries import statements_of

CARDS = {
    "compliance_analyst": ["Cases"],
    "investigator": ["Approvals", "Cases"],
    "mlro": ["Approvals", "Cases"],
    "rg_officer": ["Approvals", "Cases", "Player protection"],
    "kyc_agent": ["Approvals", "Cases", "Verifications"],
    "payments": ["Approvals", "Cases", "Withdrawals", "Reconciliation breaks", "Bonuses"],
    "support": [],
    "auditor": [],
    "policy_author": ["Policies", "Rules"],
    "policy_approver": ["Approvals", "Policies", "Rules"],
    "game_ops": ["Approvals", "Cases", "Incidents of vendors", "Catalogue", "Bonuses"],
    "admin": ["Approvals", "Staff"],
}
STATIC = Path(__file__).parent.parent.parent / "static" / "staff"


def work(client: Client) -> dict[str, Any]:
    home = client.get(reverse("admin:index"))
    assert home.status_code == 200
    return {card.title: card for card in home.context["work"]}


@pytest.mark.parametrize("role", [each.name for each in ROLES])
def test_the_first_page_shows_a_role_what_it_works_on(role: str, login: Login) -> None:
    cache.clear()
    cards = work(login(role))
    assert list(cards) == CARDS[role]
    for title, card in cards.items():
        assert card.empty or card.shown, title


def test_the_first_page_counts_what_is_mine_and_what_is_late(brand: Brand, login: Login) -> None:
    cache.clear()
    mlro = colleague("mlro", brand=brand)
    mine, late = case_of(hit(make_player("one"))), case_of(hit(make_player("two")))
    claim_case(case_id=mine.pk, actor=mlro, now=NOW)
    type(late).objects.filter(pk=late.pk).update(urgency=3)
    client = Client()
    client.force_login(mlro)

    card = work(client)["Cases"]

    assert [(line.count, line.words) for line in card.shown] == [
        (1, "overdue"), (1, "in your hands"), (1, "free to be claimed"),
    ]  # fmt: skip
    assert card.trend.picture.count("<rect") == 14


@pytest.mark.parametrize("role", ["mlro", "payments", "kyc_agent", "rg_officer", "game_ops", "admin"])
def test_the_first_page_asks_no_more_for_more_rows(role: str, login: Login, brand: Brand) -> None:
    client = login(role)
    client.get("/admin/")
    cache.clear()
    before = len(statements_of(client, "/admin/"))
    for number in range(5):
        hit(make_player(f"player-{number}"))
    cache.clear()
    assert len(statements_of(client, "/admin/")) == before
    assert before <= 20, before


def keep(client: Client, **terms: str) -> Any:
    sent = {"page": "admin:players_player_changelist", "name": "Suspended", "query": "status__exact=suspended&p=3"}
    return client.post(reverse("backoffice:keep-view"), sent | terms)


def test_filters_are_kept_followed_replaced_and_forgotten(login: Login) -> None:
    client = login("auditor")
    listed = reverse("admin:players_player_changelist")
    assert "Keep view" not in client.get(listed).content.decode()
    assert "Keep view" in client.get(f"{listed}?status__exact=suspended").content.decode()

    assert keep(client).headers["Location"] == f"{listed}?status__exact=suspended"

    view = KeptView.objects.get()
    assert (view.page, view.query) == ("admin:players_player_changelist", "status__exact=suspended")
    assert "Suspended</a>" in client.get(listed).content.decode()
    followed = client.get(reverse("backoffice:view", args=[view.pk]))
    assert followed.headers["Location"] == f"{listed}?status__exact=suspended"
    keep(client, query="status__exact=closed")
    assert KeptView.objects.get().query == "status__exact=closed"
    client.post(reverse("backoffice:forget-view", args=[view.pk]))
    assert not KeptView.objects.exists()


def test_a_colleague_follows_a_view_but_neither_lists_nor_forgets_it(login: Login) -> None:
    keep(login("auditor"))
    view = KeptView.objects.get()
    support, admin = login("support"), login("admin")
    address = reverse("backoffice:view", args=[view.pk])
    assert support.get(address, follow=True).status_code == 200
    assert admin.get(address, follow=True).status_code == 403  # the list asks, not the view
    assert "Suspended</a>" not in support.get(reverse("admin:players_player_changelist")).content.decode()
    assert support.post(reverse("backoffice:forget-view", args=[view.pk])).status_code == 404
    assert KeptView.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"page": "admin:index"}, {"page": "//evil.example"}, {"name": " "}, {"query": "q=" + "x" * 600}]
)
def test_a_view_that_is_none_is_not_kept(wrong: dict[str, str], login: Login) -> None:
    reply = keep(login("auditor"), **wrong)
    assert reply.status_code in (302, 404)
    assert reply.headers.get("Location", "/admin/").startswith("/admin/")
    assert not KeptView.objects.exists()


def test_somebody_keeps_so_many_views_and_no_more(login: Login) -> None:
    client = login("auditor")
    for number in range(31):
        keep(client, name=f"View {number}")
    assert KeptView.objects.count() == 30


def test_the_help_page_names_every_key_that_the_scripts_listen_to(login: Login) -> None:
    page = login("support").get(reverse("backoffice:help")).content.decode()
    named = {key for _, keys in KEYS for key, _ in keys}
    everywhere = (STATIC / "staff.js").read_text().partition("keysOfEveryPage = {")[2].partition("\n};")[0]
    listened = {first or second for first, second in re.findall(r'^  (?:"(.)"|(\w+)): ', everywhere, re.MULTILINE)}
    desk = (STATIC / "cases.js").read_text()
    listened |= set(re.findall(r'key === "(\w)"', desk)) | set(re.findall(r"(\w): \"", desk.partition("};")[0]))
    assert named == listened
    assert page.count("<kbd>") == sum(len(keys) for _, keys in KEYS) + 1


def test_nothing_waits_longer_than_the_page_says(login: Login, brand: Brand) -> None:
    """A card without rows says what to do, not nothing."""
    cards = work(login("game_ops"))
    assert cards["Incidents of vendors"].shown == []
    home = login("payments").get("/admin/").content.decode()
    assert "No withdrawal waits for a decision." in home


@pytest.mark.django_db
def test_the_menu_marks_the_page_one_is_on_and_no_other() -> None:
    root = make_staff("root", superuser=True)

    def marked(path: str) -> list[str]:
        request = RequestFactory().get(path)
        request.user = root
        return [item["title"] for group in sidebar(request) for item in group["items"] if item["active"]]

    assert marked(reverse("admin:reporting_performance")) == ["Performance"]
    assert marked(reverse("admin:reporting_performance_game", args=[7])) == ["Performance"]
    assert marked(reverse("admin:reporting_gameday_changelist")) == ["Games by day"]
    assert marked(reverse("admin:bonuses_grant_change", args=[7])) == ["Players’ bonuses"]
    assert marked(reverse("admin:index")) == ["Home"]
    assert marked("/admin/password_change/") == []
