"""Every address of the staff site, as every role: it opens, and shows nothing that the role may not meet."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from apps.backoffice.navigation import MENU, ONE_SCREEN
from apps.backoffice.roles import ROLES
from apps.compliance.cases.claims import claim_case
from apps.compliance.models import Case
from apps.compliance_reports.models import Report
from apps.integrations.models import Integration
from apps.players.models import Player
from tests.backoffice.canaries import met, plant
from tests.backoffice.conftest import Login
from tests.compliance.walled import handed_in, words_of
from tests.contracts.family import Vendor
from tests.factories.cases import NOW, colleague

APPEND_ONLY = {
    "transactions.transaction", "transactions.account", "transactions.bookscheck", "integrations.exchange",
    "integrations.integrationevent", "players.statuschange", "players.loginattempt", "providers.round",
    "wallets.adjustment", "backoffice.personaldataread", "admin.logentry",
    "compliance.policyversion", "compliance.approvalrequest", "compliance.legalhold", "compliance.erasurerequest",
    "compliance.erasure", "compliance.dataexport", "backoffice.download", "reporting.invoice",
    "reporting.providercontract", "reporting.monthrate",
}  # fmt: skip
PAGES = (
    "admin:index", "backoffice:trace", "backoffice:books", "backoffice:live", "admin:password_change",
    "admin:compliance_policy_places", "admin:compliance_policy_compare", "admin:compliance_policy_draft",
    *(entry[2] for group in MENU for entry in group.entries if len(entry) == 4),
)  # fmt: skip


def addresses() -> Iterator[tuple[type[models.Model] | None, str]]:
    """Every page that can be asked for with GET, of a row where there is one."""
    for name in dict.fromkeys(PAGES):
        yield None, reverse(name)
    yield None, reverse("admin:search") + "?s=play"
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield model, reverse(f"{name}_changelist")
        yield model, reverse(f"{name}_changelist") + "?q=a&p=2"
        yield model, reverse(f"{name}_add")
        row = _newest(model)
        if row is not None:
            for page in ("change", "delete", "history"):
                yield model, reverse(f"{name}_{page}", args=[row.pk])


def _newest(model: type[models.Model]) -> models.Model | None:
    """Take the row this test made last: the exchange log may hold rows of tests before it."""
    return model._default_manager.order_by("-pk").first()


def filed(player: Player) -> Report:
    """Hand in a report about the player's case."""
    officer, deputy = (colleague("mlro", name, brand=player.brand) for name in ("officer", "deputy"))
    case = Case.objects.get(player=player)
    claim_case(case_id=case.pk, actor=officer, now=NOW)
    return handed_in(case, officer, deputy)


@pytest.mark.parametrize("role", [*(role.name for role in ROLES), "superuser"])
def test_no_page_fails_for_any_role_and_the_menu_offers_what_opens(
    role: str, login: Login, played: Vendor, player: Player, caleta: Integration
) -> None:
    plant(player, caleta)
    walled = [*words_of(filed(player)), "/admin/filings/"]
    client = login(role)
    seen: dict[str, int] = {}
    for model, address in addresses():
        reply = client.get(address)
        status = seen[address] = reply.status_code
        # Nobody meets personal data unmasked who has not asked (Q8).
        content = getattr(reply, "content", b"")
        assert met(content) == set(), (role, address)
        # Only the officer's role knows that a report exists.
        assert role == "mlro" or not [word for word in walled if word.encode() in content], (role, address)
        # What is behind the wall, and the history of cases of others' queues, do not exist for a person.
        is_hidden = address.startswith("/admin/filings/") or (address.endswith("/history/") and status == 404)
        allowed = (200, 404) if is_hidden else (200, 302, 403)
        assert status in allowed, (role, model, address, status)
    home = client.get(reverse("admin:index"))
    links = [item["link"] for group in home.context["sidebar_navigation"] for item in group["items"]]
    assert {link: seen[link] for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize(
    ("role", "open_groups"),
    [
        ("payments", {"", "Cases", "Payments", "Reconciliation", "Provider invoices"}),
        ("auditor", {""}),
    ],
)
def test_the_menu_is_open_where_one_works_and_folded_elsewhere(role: str, open_groups: set[str], login: Login) -> None:
    menu = login(role).get(reverse("admin:index")).context["sidebar_navigation"]
    assert {group["title"] for group in menu if not group["collapsible"]} == open_groups
    assert [item["title"] for item in menu[0]["items"]][:2] == ["Home", "Approvals"]


def test_a_menu_that_fits_the_window_is_not_folded(login: Login) -> None:
    menu = login("kyc_agent").get(reverse("admin:index")).context["sidebar_navigation"]
    assert sum(len(group["items"]) for group in menu) <= ONE_SCREEN
    assert not any(group["collapsible"] for group in menu)


def test_what_only_grows_cannot_be_edited_by_a_superuser(login: Login, played: Vendor) -> None:
    client = login("superuser")
    client.get("/admin/")
    checked = set()
    for model in admin.site._registry:
        label = model._meta.label_lower
        if label not in APPEND_ONLY:
            continue
        checked.add(label)
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_add")).status_code == 403
        assert client.post(reverse(f"{name}_add"), {}).status_code == 403
        row = _newest(model)
        if row is None:
            continue
        before = model._default_manager.filter(pk=row.pk).values().get()
        for page in ("change", "delete"):
            address = reverse(f"{name}_{page}", args=[row.pk])
            assert client.post(address, {"post": "yes"}).status_code == 403, address
        assert model._default_manager.filter(pk=row.pk).values().get() == before
    assert checked == APPEND_ONLY


def test_a_stranger_gets_to_the_login_only(played: Vendor) -> None:
    client = Client()
    for _, address in addresses():
        reply = client.get(address)
        assert reply.status_code == 302, address
        assert reply.headers["Location"].startswith("/admin/login/"), address
