"""Game operations in Chromium: a vendor's list and its changes, the month, a lobby, a studio and its effect."""

import pytest
from playwright.sync_api import Page, expect

from apps.integrations.models import Integration
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.models import Game, Studio
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.browser.test_desks import press
from tests.harness.live import LivePlatform
from tests.journeys.conftest import Demo
from tests.journeys.test_payments_journey import eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def page(site: Demo, live_worker: LivePlatform, staff: Staff) -> Page:
    return staff("game_ops")


def fetch(page: Page, platform: LivePlatform, slug: str) -> None:
    """Press the button above the runs and wait for the worker."""
    page.goto("/admin/providers/cataloguesync/")
    page.get_by_role("button", name=f"Fetch the list of {slug}").click()
    with platform.in_database():
        integration = Integration.objects.get(slug=slug)
        eventually(
            lambda: CatalogueSync.objects.filter(integration=integration).values_list("state", flat=True).first(),
            lambda state: state == "done",
        )


def pictures_load(page: Page) -> None:
    """Every picture that is asked for is there."""
    broken = (
        "[...document.querySelectorAll('.game-tile img')].filter((one) => one.complete && !one.naturalWidth).length"
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate(broken) == 0
    assert page.locator(".game-tile img").count() > 0


def test_a_vendors_list_is_fetched_and_its_changes_are_decided(
    page: Page, platform: LivePlatform, shot: Shot, site: Demo
) -> None:
    fetch(page, platform, "hub88")
    page.goto("/admin/providers/cataloguesync/")
    assert_fits(page)
    shot(page, "catalogue-runs")
    page.goto("/admin/providers/cataloguechange/?state__exact=proposed")
    pictures_load(page)
    assert_fits(page)
    shot(page, "catalogue-changes")
    with platform.in_database():
        found = set(CatalogueChange.objects.filter(state="proposed").values_list("code", "kind", "field"))
        applied = list(CatalogueChange.objects.filter(state="applied").values_list("code", "field", "after"))
    assert {
        ("nlg_northernstar", "added", ""), ("pwp_timberrush", "added", ""), ("hmw_quietorbit", "changed", "title"),
        ("hmw_nebula9", "changed", "features"), ("hmw_royaldeal", "changed", "blocked_countries"),
        ("cfx_chiliroad", "changed", "rtp"), ("nlg_fjordgold", "changed", "rtp_in_play"),
        ("cfx_owlmoon", "changed", "certifications"),
    } == found  # fmt: skip
    assert applied == [("cfx_emberdragon", "blocked_countries", ["DE", "NO"])]
    page.get_by_role("link", name="Chili Road").click()
    expect(page.get_by_test_id("compared")).to_contain_text("94.80 %")
    assert_fits(page)
    shot(page, "catalogue-change")
    press(page, "Accept", fill={"Reason": "Announced in their letter"})
    page.goto("/admin/catalogue/changes/")
    shot(page, "catalogue-decide")
    page.get_by_label("Timber Rush: added").check()
    page.get_by_label("Quiet Orbit: title").check()
    page.get_by_label("Reason").fill("Wanted for the winter")
    page.get_by_role("button", name="Accept what is ticked").click()
    expect(page.get_by_text("2 decided: accept.")).to_be_visible()
    assert_fits(page)
    with platform.in_database():
        game = Game.objects.select_related("studio").get(code="pwp_timberrush")
        assert (game.is_enabled, game.studio.name, game.studio.is_enabled) == (False, "Pinewood Play", False)
        assert Game.objects.get(code="hmw_quietorbit").title == "Quiet Orbit Deluxe"
    page.goto(f"/admin/providers/game/{game.pk}/change/")
    expect(page.get_by_text("default: all without a choice of their own")).to_be_visible()
    shot(page, "catalogue-game")
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/admin/catalogue/changes/", "/admin/catalogue/calendar/", "/admin/providers/cataloguesync/"):
        page.goto(address)
        assert_fits(page)


def test_the_month_shows_what_comes_and_what_ends(page: Page, platform: LivePlatform, shot: Shot) -> None:
    fetch(page, platform, "hub88")
    page.goto("/admin/catalogue/calendar/")
    assert_fits(page)
    shot(page, "catalogue-calendar")
    words = page.get_by_test_id("calendar").inner_text()
    heading = page.locator("h1").first.inner_text()
    page.get_by_role("link", name="Month after").click()
    page.wait_for_load_state()
    assert page.locator("h1").first.inner_text() != heading
    shot(page, "catalogue-calendar-next")
    words += page.get_by_test_id("calendar").inner_text()
    for title in ("Northern Star", "Timber Rush", "Copper Fox Trail"):
        assert title in words
    page.goto("/admin/")
    expect(page.get_by_text("certificates that end within 60 days")).to_be_visible()
    shot(page, "catalogue-home")


def test_a_lobby_is_arranged_with_the_keyboard_alone(page: Page, platform: LivePlatform, shot: Shot) -> None:
    page.goto("/admin/catalogue/lobby/")
    rows = page.get_by_test_id("placed").locator("tbody tr")
    names = [rows.nth(index).locator("a").inner_text() for index in range(rows.count())]
    page.get_by_role("button", name=f"{names[0]} down").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_label(f"Category of {names[0]}").fill("winter")
    page.get_by_label("Reason").fill("Winter comes first")
    assert_fits(page)
    shot(page, "catalogue-lobby")
    page.get_by_label("Reason").press("Enter")
    expect(page.get_by_text("The lobby is saved")).to_be_visible()
    now = [rows.nth(index).locator("a").inner_text() for index in range(rows.count())]
    assert now == [names[1], names[2], names[0], *names[3:]]
    expect(page.get_by_label(f"Category of {names[0]}")).to_have_value("winter")
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page)


def test_a_studios_effect_is_seen_before_it_is_restricted(page: Page, platform: LivePlatform, shot: Shot) -> None:
    with platform.in_database():
        studio = Studio.objects.get(code="copper-fox")
    page.goto(f"/admin/providers/studio/{studio.pk}/change/")
    page.get_by_role("link", name="Add, remove or restrict, with a preview").click()
    page.get_by_label("Blocked countries").fill("NO")
    page.get_by_role("button", name="Show the effect").click()
    expect(page.get_by_test_id("effect")).to_contain_text("Games that are on")
    expect(page.get_by_test_id("effect")).to_contain_text("NO")
    assert_fits(page)
    shot(page, "catalogue-studio")
    page.get_by_label("Reason").fill("No licence there")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("Copper Fox Studio is changed.")).to_be_visible()
    with platform.in_database():
        assert Studio.objects.get(pk=studio.pk).blocked_countries == ["NO"]
