"""Setting up brands, markets and vendors in the browser, by the admin role, each on record."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.backoffice.vendors import vendors
from apps.brands.models import Brand, Jurisdiction, Market
from apps.integrations.models import Integration, IntegrationEvent
from tests.backoffice.conftest import Login

REASON = {"reason": "The second casino opens in spring"}
BRAND = {"code": "nordlys", "name": "Nordlys", "currencies": ["EUR"], "frontend_url": "https://nordlys.example"}
CONNECTION = {
    "slug": "nordlys-adyen", "name": "Adyen of Aurora", "brand_code": "aurora", "environment": "test",
    "base_url": "https://checkout-test.adyen.com", "option_merchant_account": "AuroraECOM",
    "option_basic_auth": "false",
}  # fmt: skip


def connect(client: Client, kind: str = "payments", vendor: str = "adyen", **changes: Any) -> Any:
    address = reverse("backoffice:connect-vendor", args=[kind, vendor])
    return client.post(address, CONNECTION | REASON | changes)


def kept(row: Any) -> Any:
    """The one version that the history keeps."""
    return row.history.get()


def market(client: Client, **changes: Any) -> Any:
    terms = {"brand": Brand.objects.latest("pk").pk, "jurisdiction": "ZZ", "countries": "no, DE", "licence": "L-1"}
    return client.post(reverse("backoffice:new-market"), terms | REASON | changes)


@pytest.fixture
def admin(login: Login) -> Client:
    Jurisdiction.objects.get_or_create(code="ZZ", defaults={"name": "Testland"})
    return login("admin")


def test_a_brand_is_set_up_closed_with_its_history_and_its_makers_sight_of_it(admin: Client) -> None:
    made = admin.post(reverse("backoffice:new-brand"), BRAND | REASON)
    brand = Brand.objects.get(code="nordlys")
    assert made.headers["Location"] == f"/admin/set-up/market/?brand={brand.pk}"
    assert (brand.name, brand.is_enabled, brand.frontend_url) == ("Nordlys", False, "https://nordlys.example")
    assert [each.code for each in brand.currencies.all()] == ["EUR"]
    version = kept(brand)
    assert (version.history_user.username, version.history_change_reason) == ("admin", REASON["reason"])
    assert LogEntry.objects.get().change_message == f"Set up with EUR: {REASON['reason']}"
    assert "Nordlys" in admin.get(reverse("admin:brands_brand_changelist")).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "aurora"}, {"code": "No Rdlys"}, {"code": "1nordlys"}, {"currencies": []}, {"currencies": ["XYZ"]},
        {"frontend_url": "javascript:alert(1)"}, {"name": " "}, {"reason": ""},
    ],
)  # fmt: skip
def test_a_brand_that_will_not_do_is_refused(wrong: dict[str, Any], admin: Client) -> None:
    reply = admin.post(reverse("backoffice:new-brand"), BRAND | REASON | wrong)
    assert reply.status_code == 400
    assert list(Brand.objects.values_list("code", flat=True)) == ["aurora"]
    assert not LogEntry.objects.exists()


def test_a_market_is_opened_once_a_jurisdiction_and_once_a_country(admin: Client) -> None:
    assert market(admin).status_code == 302
    opened = Market.objects.get(jurisdiction="ZZ")
    assert (opened.countries, opened.licence, opened.is_open) == (["DE", "NO"], "L-1", True)
    assert LogEntry.objects.get().change_message == f"Opened for DE, NO: {REASON['reason']}"
    Jurisdiction.objects.create(code="YY", name="Otherland")
    for wrong in ({}, {"jurisdiction": "YY", "countries": "SE, NO"}, {"jurisdiction": "YY", "countries": "Norway"}):
        assert market(admin, **wrong).status_code == 400
    assert Market.objects.filter(jurisdiction__in=("ZZ", "YY")).count() == 1


def test_a_vendor_is_connected_switched_off_with_the_settings_that_differ(admin: Client) -> None:
    made = connect(admin)
    integration = Integration.objects.get(slug="nordlys-adyen")
    assert made.headers["Location"] == reverse("admin:integrations_integration_change", args=[integration.pk])
    assert integration.options == {"merchant_account": "AuroraECOM", "basic_auth": False}
    assert (integration.switch, integration.kind, integration.brand_code) == ("off", "payments", "aurora")
    event = IntegrationEvent.objects.get(integration=integration)
    assert (event.action, str(event.actor), event.reason) == ("connected", "admin", REASON["reason"])
    assert kept(integration).history_user == event.actor


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "Caleta!"}, {"slug": ""}, {"brand_code": "nobodys"}, {"reason": ""}, {"environment": "moon"},
        {"base_url": "ftp://x.example"},
        {"environment": "live", "base_url": "http://plain.example"}, {"option_basic_auth": "perhaps"},
    ],
)  # fmt: skip
def test_a_connection_that_will_not_do_is_refused(wrong: dict[str, Any], admin: Client) -> None:
    assert connect(admin, **wrong).status_code == 400
    assert not Integration.objects.filter(slug="nordlys-adyen").exists()
    assert not IntegrationEvent.objects.exists()


def test_a_vendor_without_an_adapter_or_of_another_kind_is_not_there(admin: Client) -> None:
    for kind, vendor in (("games", "adyen"), ("payments", "nobody"), ("moon", "adyen")):
        assert connect(admin, kind, vendor).status_code == 404


def test_one_id_is_one_connection(admin: Client) -> None:
    assert connect(admin).status_code == 302
    again = connect(admin)
    assert again.status_code == 400
    assert "There is an integration nordlys-adyen already." in again.content.decode()


def test_every_vendor_with_an_adapter_is_offered_with_its_settings(admin: Client) -> None:
    page = admin.get(reverse("backoffice:new-vendor")).content.decode()
    known = vendors()
    assert {"hub88", "evolution", "adyen", "trustly", "onfido", "sumsub"} <= {each.name for each in known}
    for vendor in known:
        assert reverse("backoffice:connect-vendor", args=[vendor.kind, vendor.name]) in page
        form = admin.get(reverse("backoffice:connect-vendor", args=[vendor.kind, vendor.name])).content.decode()
        for setting in vendor.settings:
            assert f'name="option_{setting.name}"' in form


def test_only_the_admin_role_sets_anything_up(admin: Client, login: Login) -> None:
    pages = [reverse(f"backoffice:{name}") for name in ("new-brand", "new-market", "new-vendor")]
    for role in ("auditor", "game_ops", "payments", "policy_author"):
        client = login(role)
        for page in pages:
            assert client.get(page).status_code == 403
        assert client.post(pages[0], BRAND | REASON).status_code == 403
        assert market(client).status_code == 403
        assert connect(client).status_code == 403
    assert User.objects.filter(username="auditor").exists()
    assert list(Brand.objects.values_list("code", flat=True)) == ["aurora"]
