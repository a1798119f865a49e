"""Game operations in Chromium: two people refund a failed game, and its rounds say by which policy."""

import pytest
from playwright.sync_api import expect

from apps.compliance.models import ApprovalRequest
from apps.providers.models import Game, Round
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.harness.live import LivePlatform

pytestmark = pytest.mark.browser


def test_a_failed_games_rounds_are_refunded_by_two_people(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    maker = staff("game_ops")
    maker.get_by_role("link", name="Incomplete rounds").first.click()
    row = maker.get_by_test_id("games").get_by_role("row").filter(has_text="Owl Moon")
    expect(row).to_contain_text("6.60 EUR")
    row.get_by_role("link", name="Show rounds").click()
    expect(maker.get_by_test_id("totals")).to_contain_text("3 rounds of 3 players can be voided: 6.60 EUR")
    expect(maker.get_by_test_id("rounds")).to_contain_text("Void and return the stake")
    assert_fits(maker)
    shot(maker, "incomplete-rounds")
    maker.get_by_label("Reason").fill("INC-12: Owl Moon's server lost its state")
    maker.get_by_role("button", name="Propose to void 3 rounds").click()
    expect(maker.get_by_text("6.60 EUR go back to 3 players").first).to_be_visible()
    with platform.in_database():
        asked = ApprovalRequest.objects.filter(command="providers.void_rounds").latest("pk")
        game = Game.objects.get(code="cfx_owlmoon")
        left = Round.objects.filter(game_id=game.pk, external_id__startswith="left-").order_by("pk").first()
        assert left is not None
    checker = staff("game_ops_lead")
    checker.goto(f"/admin/compliance/approvalrequest/{asked.pk}/change/")
    shot(checker, "approval-void-rounds")
    checker.get_by_role("button", name="Approve").first.click()
    checker.get_by_role("dialog").get_by_label("Reason").fill("The vendor confirms it")
    checker.get_by_role("dialog").get_by_role("button", name="Approve").click()
    checker.goto(f"/admin/providers/round/{left.pk}/change/")
    expect(checker.get_by_test_id("resolution")).to_contain_text("Voided, stakes returned: +2.00 EUR, by policy")
    assert_fits(checker)
    shot(checker, "round-voided")
    checker.goto("/admin/providers/roundpolicy/")
    shot(checker, "round-policies")
    checker.get_by_role("link", name="Policy 2", exact=True).click()
    shot(checker, "round-policy")
    checker.get_by_role("link", name="Propose a changed policy").click()
    assert_fits(checker)
    shot(checker, "round-policy-form")
