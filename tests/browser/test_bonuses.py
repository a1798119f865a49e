"""Offers and players' bonuses in Chromium: what it would cost, two people, and how far a player has come."""

import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from apps.bonuses.following import act, follow_ledger
from apps.bonuses.models import Grant, OfferVersion
from apps.compliance.models import ApprovalRequest
from apps.core.clock import now
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.browser.test_desks import press
from tests.harness.live import LivePlatform

pytestmark = pytest.mark.browser


def test_an_offer_is_drafted_weighed_published_by_a_colleague_and_watched(
    staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    with platform.in_database():
        start = f"{now() - timedelta(minutes=5):%Y-%m-%d %H:%M}"
    page = staff("game_ops")
    page.get_by_role("link", name=re.compile(r"\bOffers$")).first.click()
    expect(page.get_by_role("link", name="Ten for the weekend")).to_be_visible()
    assert_fits(page)
    shot(page, "bonus-offers")
    page.get_by_role("link", name="New offer").click()
    page.get_by_label("Brand").select_option(label="Aurora Casino")
    page.get_by_label("Code").fill("december")
    page.get_by_label("Name").fill("December double")
    page.get_by_label("In force from (UTC)").fill(start)
    terms = json.loads(page.get_by_label("Terms").input_value())
    shot(page, "bonus-new-offer")
    page.get_by_label("Terms").fill(json.dumps(terms | {"audience": {"kind": "all"}}))
    page.get_by_role("button", name="Draft the offer").click()
    expect(page.get_by_test_id("preview")).to_contain_text("EUR")
    expect(page.get_by_test_id("law")).to_contain_text("MT")
    assert_fits(page)
    shot(page, "bonus-draft")
    press(page, "Ask to publish", fill={"Reason": "For December, as agreed"})
    expect(page.get_by_text("A colleague has to agree now")).to_be_visible()

    other = staff("policy_approver")
    with platform.in_database():
        asked = ApprovalRequest.objects.get(summary__startswith="Publish December double")
    other.goto(f"/admin/compliance/approvalrequest/{asked.pk}/change/")
    expect(other.locator("body")).to_contain_text("10 times the bonus to be wagered")
    shot(other, "bonus-approval")
    press(other, "Approve", fill={"Reason": "Terms are fair and lawful"})
    with platform.in_database():
        assert OfferVersion.objects.get(offer__code="december").state == "published"
    page.goto(page.url)
    expect(page.get_by_test_id("uptake")).to_contain_text("Nobody has been offered it yet")


def test_a_players_bonus_shows_how_far_it_has_come_and_what_counted(
    staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    with platform.in_database():
        follow_ledger()
        act(now=now())
        grant = Grant.objects.filter(state="active").order_by("-progress__counted_units").first()
        assert grant is not None
        played, version = grant.progress.stakes, grant.version_id
    page = staff("auditor")
    page.goto("/admin/bonuses/grant/")
    expect(page.get_by_role("link", name="Ten for the weekend").first).to_be_visible()
    assert_fits(page)
    shot(page, "bonus-grants")
    page.goto(f"/admin/bonuses/grant/{grant.pk}/change/")
    expect(page.get_by_test_id("progress")).to_contain_text(f"in {played} stake")
    expect(page.get_by_test_id("checks")).to_contain_text("Household")
    assert_fits(page)
    shot(page, "bonus-grant")
    page.goto(f"/admin/bonuses/offerversion/{version}/change/")
    expect(page.get_by_test_id("uptake")).to_contain_text("EUR")
    assert_fits(page)
    shot(page, "bonus-offer")
