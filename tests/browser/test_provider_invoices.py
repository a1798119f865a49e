"""Game operations and finance in Chromium: how games did, and a provider's invoice from draft to owed."""

import re

import pytest
from playwright.sync_api import expect

from apps.reporting.models import Invoice, ReportExport
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.harness.live import LivePlatform

pytestmark = pytest.mark.browser


def test_performance_is_sorted_narrowed_and_followed_to_a_game(
    staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    page = staff("game_ops")
    page.goto("/admin/reporting/gameday/performance/?period=last-month")
    expect(page.get_by_test_id("totals")).to_contain_text("EUR")
    expect(page.get_by_test_id("totals")).to_contain_text("SEK")
    expect(page.get_by_test_id("chart").locator("path")).to_have_count(2)
    assert_fits(page)
    shot(page, "performance")
    games = page.get_by_test_id("games")
    games.get_by_role("link", name="Rounds", exact=True).click()
    expect(page).to_have_url(re.compile("o=-rounds"))
    page.get_by_label("Vendor").select_option("caleta")
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_role("button", name="Show").click()
    expect(games.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_test_id("totals")).not_to_contain_text("SEK")
    games.get_by_role("link", name="Torch of Tides").click()
    expect(page.get_by_test_id("brands")).to_contain_text("Aurora")
    expect(page.get_by_test_id("variants")).to_contain_text("96.00 %")
    assert_fits(page)
    shot(page, "performance-game")
    page.get_by_role("button", name="Rounds, CSV").click()
    expect(page.get_by_text("Being written: it appears")).to_be_visible()
    with platform.in_database():
        made = ReportExport.objects.latest("pk")
        assert (made.kind, made.requested_by and made.requested_by.username) == ("rounds", "game_ops")
    shot(page, "reports")
    page.goto("/admin/reporting/gameday/performance/?period=own&since=2020-01-01&until=2020-01-31")
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert_fits(page)


def test_an_invoice_is_agreed_line_by_line_checked_and_approved_by_another(
    staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    with platform.in_database():
        invoice = Invoice.objects.filter(integration__slug="hub88").latest("month")
        paid = Invoice.objects.filter(integration__slug="hub88").earliest("month")
        if invoice.pk == paid.pk:
            pytest.skip("last month is not due yet: its cut-off lies three days into this one")
    page = staff("payments")
    page.goto("/admin/reporting/invoice/")
    expect(page.get_by_role("link", name=paid.number)).to_be_visible()
    assert_fits(page)
    shot(page, "invoices")
    page.get_by_role("link", name=invoice.number).click()
    lines = page.get_by_test_id("lines")
    lines.locator("summary").first.click()
    expect(lines).to_contain_text(f"Correction of {paid.number}")
    expect(page.get_by_test_id("compared")).to_contain_text("Not decided")
    assert_fits(page)
    shot(page, "invoice-draft")
    page.locator("[data-opens=dialog-confirm]").click()
    page.get_by_role("dialog").get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("Accept or dispute every difference")).to_be_visible()
    page.locator("[data-opens=dialog-decide]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Their rounding of the first tier")
    shot(page, "invoice-decide", full=False)
    dialog.get_by_role("button", name="Decide a difference").click()
    expect(page.get_by_test_id("compared")).to_contain_text("Accepted: we owe the vendor")
    page.locator("[data-opens=dialog-reckon-again]").click()
    page.get_by_role("dialog").get_by_role("button", name="Reckon again").click()
    expect(page.get_by_text("The same:")).to_be_visible()
    page.locator("[data-opens=dialog-confirm]").click()
    page.get_by_role("dialog").get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("A colleague approves now")).to_be_visible()
    page.locator("[data-opens=dialog-approve]").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("A second person has to approve")).to_be_visible()
    lead = staff("payments_lead")
    lead.goto(page.url)
    lead.locator("[data-opens=dialog-approve]").click()
    lead.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(lead.get_by_text("Approved: it is owed.")).to_be_visible()
    shot(lead, "invoice-approved")
    lead.goto("/admin/reporting/providercontract/")
    lead.get_by_role("link", name="hub88").first.click()
    expect(lead.get_by_test_id("rates")).to_contain_text("13.5 %")
    assert_fits(lead)
    shot(lead, "provider-contract")
