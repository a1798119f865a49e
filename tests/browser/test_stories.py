"""Staff at work in Chromium: what they press does what it says."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from apps.backoffice.models import PersonalDataRead
from apps.compliance.models import ApprovalRequest, Case
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.transactions.models import Transaction
from apps.wallets.queries import balances_of
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.harness.live import LivePlatform
from tests.journeys.conftest import Demo

pytestmark = pytest.mark.browser


def open_player(page: Page, name: str) -> None:
    """Find a player as a person would."""
    page.get_by_role("link", name=re.compile(r"\bPlayers$")).first.click()
    page.locator("#changelist-search input[name=q]").fill(name)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=name, exact=True).click()


def test_a_pasted_id_shows_the_whole_story(staff: Staff, platform: LivePlatform) -> None:
    with platform.in_database():
        caleta = Integration.objects.get(slug="caleta")
        bet = Transaction.objects.filter(kind="bet", integration_id=caleta.pk).latest("id")
    page = staff("game_ops")
    page.get_by_role("link", name="Trace").first.click()
    page.get_by_label("Id to trace").fill(bet.external_id)
    page.get_by_role("button", name="Trace").click()
    timeline = page.get_by_test_id("timeline")
    expect(timeline).to_contain_text("launches")
    expect(timeline).to_contain_text("asks: bet")
    expect(timeline).to_contain_text('"token": "***"')
    expect(timeline.get_by_test_id("postings").first).to_contain_text("Game provider")


def test_the_kill_switch_is_thrown_and_lifted(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    page = staff("game_ops")
    page.goto("/admin/integrations/integration/")
    page.get_by_role("link", name="caleta", exact=True).click()
    page.get_by_role("button", name="Kill switch").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    shot(page, "dialog-kill-switch", full=False)
    dialog.get_by_label("Let through").select_option("off")
    dialog.get_by_role("button", name="Kill switch").click()  # without a reason the browser holds it back
    expect(dialog).to_be_visible()
    dialog.get_by_label("Reason").fill("Wrong balances reported")
    dialog.get_by_role("button", name="Kill switch").click()
    expect(page.get_by_text("caleta: Off: every call refused")).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_test_id("attention")).to_contain_text("Wrong balances reported")
    shot(page, "home-attention", full=False)
    with platform.in_database():
        thrown = Integration.objects.get(slug="caleta")
        assert thrown.switch == "off"
    page.goto(f"/admin/integrations/integration/{thrown.pk}/change/")
    page.get_by_role("button", name="Kill switch").click()
    page.get_by_role("dialog").get_by_label("Let through").select_option("on")
    page.get_by_role("dialog").get_by_label("Reason").fill("Vendor has repaired it")
    page.get_by_role("dialog").get_by_role("button", name="Kill switch").click()
    expect(page.get_by_text("caleta: On")).to_be_visible()


def test_an_adjustment_goes_through_two_hands(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    with platform.in_database():
        hugo = Player.objects.get(username="hugo")
        before = balances_of(hugo.pk)[0].bonus
    maker = staff("payments")
    open_player(maker, "hugo")
    maker.get_by_role("button", name="Propose adjustment").click()
    dialog = maker.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("7.25")
    dialog.get_by_label("Bucket").select_option("bonus")
    dialog.get_by_label("Reason").select_option("goodwill")
    dialog.get_by_label("Note").fill("Ticket 4711: lost connection")
    shot(maker, "dialog-adjustment", full=False)
    dialog.get_by_role("button", name="Propose adjustment").click()
    expect(maker.get_by_text("Proposed: +7.25 EUR")).to_be_visible()
    checker = staff("payments_lead")
    with platform.in_database():
        asked = ApprovalRequest.objects.latest("pk")
    checker.goto(f"/admin/compliance/approvalrequest/{asked.pk}/change/")
    expect(checker.get_by_text("hugo gets 7.25 EUR (bonus). Goodwill: Ticket 4711").first).to_be_visible()
    shot(checker, "adjustment")
    checker.get_by_role("button", name="Approve").click()
    checker.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(checker.get_by_text("Done: hugo gets 7.25 EUR")).to_be_visible()
    with platform.in_database():
        assert balances_of(hugo.pk)[0].bonus == before + 7_250_000


def test_personal_data_shows_after_a_purpose(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    page = staff("investigator")
    open_player(page, "dieter")
    personal = page.get_by_test_id("personal")
    expect(personal).to_contain_text("d•••@player.example")
    page.get_by_role("button", name="Show personal data").click()
    page.get_by_role("dialog").get_by_label("E-mail").check()
    page.get_by_role("dialog").get_by_label("Purpose").fill("Case 17: name check")
    page.get_by_role("dialog").get_by_role("button", name="Show personal data").click()
    expect(personal).to_contain_text("dieter@player.example")
    shot(page, "player-unmasked")
    with platform.in_database():
        assert PersonalDataRead.objects.latest("pk").purpose == "Case 17: name check"


def test_a_worrying_message_is_recorded_without_its_text(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    page = staff("support")
    open_player(page, "hugo")
    page.get_by_role("button", name="Record a contact").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Topic").select_option("gambling_harm")
    dialog.get_by_label("Ticket or call number").fill("T-4711")
    dialog.get_by_label("What the player wrote or said").fill("I am addicted and desperate")
    shot(page, "dialog-contact", full=False)
    dialog.get_by_role("button", name="Record a contact").click()
    expect(page.get_by_text("Recorded, with 2 words of concern.")).to_be_visible()
    page.get_by_role("link", name="Contacts and income").click()
    contacts = page.get_by_test_id("contacts")
    expect(contacts).to_contain_text("T-4711")
    expect(contacts).not_to_contain_text("desperate")
    assert_fits(page)
    shot(page, "contacts")


def test_personal_data_show_on_the_case_page_after_a_purpose(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    with platform.in_database():
        case = Case.objects.filter(player__username="smurf_sara", blueprint_code="aml").latest("pk")
    page = staff("mlro")
    page.goto(f"/admin/compliance/case/{case.pk}/change/")
    personal = page.get_by_test_id("personal")
    expect(personal).to_contain_text("s•••@player.example")
    personal.get_by_text("Show what you need").click()
    personal.get_by_label("E-mail").check()
    personal.get_by_label("Purpose").fill("Compare with the bank's letter")
    shot(page, "case-unmask")
    personal.get_by_role("button", name="Show for ten minutes").click()
    expect(page.get_by_test_id("personal")).to_contain_text("smurf_sara@player.example")
    with platform.in_database():
        look = PersonalDataRead.objects.latest("pk")
        assert (look.fields, look.case_id) == (["email"], case.pk)


def test_a_second_factor_is_enrolled(site: Demo, browser: Browser, shot: Shot, platform: LivePlatform) -> None:
    with platform.in_database():
        User.objects.filter(username="newcomer").delete()
        User.objects.create_user("newcomer", password="correct-horse-battery", is_staff=True)
    context = browser.new_context(base_url=site.base_url)
    page = context.new_page()
    page.goto("/admin/")
    shot(page, "login", full=False)
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("Password").fill("correct-horse-battery")
    page.get_by_role("button", name="Log in").click()
    # Not demanded in the demo; whoever wants one enrols here.
    page.goto("/admin/second-factor/")
    secret = page.get_by_test_id("secret").inner_text()
    shot(page, "second-factor", full=False)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("recovery-codes")).to_contain_text(re.compile(r"\d{8}"))
    shot(page, "recovery-codes", full=False)
    page.get_by_role("link", name="I have kept them: continue").click()
    expect(page).to_have_url(re.compile("/admin/$"))
    assert_fits(page)
    context.close()
