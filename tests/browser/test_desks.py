"""Staff at their desks in Chromium: what two people decide, and what the player notices of it at once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from apps.compliance.models import ApprovalRequest, Case
from apps.core.clock import now
from apps.payments.models import Withdrawal
from apps.players.models import Player
from apps.reconciliation.models import Break
from apps.verification.models import Verification
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.harness.databases import PROJECT_DIR
from tests.harness.live import LivePlatform
from tests.journeys.conftest import Demo
from tests.journeys.test_payments_journey import Purse, eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def purse(site: Demo, live_worker: LivePlatform) -> Iterator[Purse]:
    """A new player with the cashier open, on a platform whose worker runs."""
    purse = Purse(site.base_url)
    yield purse
    purse.http.close()


def press(page: Page, button: str, *, choose: dict[str, str] | None = None, fill: dict[str, str] | None = None) -> None:
    """Press a button of the bar, answer its dialog, and send that."""
    page.get_by_test_id("actions").get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    for label, option in (choose or {}).items():
        dialog.get_by_label(label).select_option(option)
    for label, text in (fill or {}).items():
        dialog.get_by_label(label).fill(text)
    dialog.locator("button[type=submit]").click()
    page.wait_for_load_state()


def deposit(purse: Purse, amount: str) -> str:
    """Pay in at the simulated bank; the account the money came from."""
    money = {"amount": amount, "currency": "EUR"}
    asked = purse.call("POST", "deposits", {"amount": money, "method": "bank_transfer"})
    purse.http.post(f"{asked['next']['url']}/act", data={"act": "pay"})
    purse.becomes(f"deposits/{asked['id']}", "settled")
    return str(purse.call("GET", "instruments")["results"][0]["id"])


def test_a_large_withdrawal_leaves_once_two_people_approved_it(
    purse: Purse, staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    instrument = deposit(purse, "150.00")
    won = {"provider": "hub88", "userId": purse.call("GET", "me")["id"], "currency": "EUR", "cashAmount": 2500}
    purse.http.post("/sandbox/session", json=won)
    wanted = {"amount": {"amount": "2100.00", "currency": "EUR"}, "instrument": instrument}
    asked = purse.call("POST", "withdrawals", wanted)
    with platform.in_database():
        # Won without play, as far as the rules can see: they hold it, and a person has to look.
        eventually(
            lambda: Withdrawal.objects.values_list("state", flat=True).get(public_id=asked["id"]),
            lambda state: state == Withdrawal.State.ON_HOLD,
        )
        address = f"/admin/payments/withdrawal/{Withdrawal.objects.get(public_id=asked['id']).pk}/change/"
    first = staff("payments")
    first.goto(address)
    expect(first.get_by_test_id("terms")).to_contain_text("Bank transfer Nordea")
    expect(first.get_by_test_id("checks")).not_to_contain_text("['")
    assert_fits(first)
    shot(first, "withdrawal")
    press(first, "Release to review", fill={"Note": "The win is real: see the round."})
    approval = {"Note": "Seen, and called the bank."}
    press(first, "Approve", choose={"Reason": "explained"}, fill=approval)
    expect(first.get_by_test_id("approvals")).to_contain_text("payments")
    with platform.in_database():
        assert Withdrawal.objects.get(public_id=asked["id"]).state == Withdrawal.State.IN_REVIEW
    second = staff("payments_lead")
    second.goto(address)
    press(second, "Approve", choose={"Reason": "explained"}, fill=approval)

    def told() -> str:
        purse.http.post("/sandbox/vendors/psps/tell")
        return str(purse.call("GET", f"withdrawals/{asked['id']}")["state"])

    eventually(told, lambda state: state == "paid")
    assert purse.cash() == ("400.00", "0.00")


def test_an_analyst_takes_a_case_to_a_decision_that_a_second_person_confirms(
    staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    with platform.in_database():
        case = Case.objects.get(player__username="device_dee")  # nobody holds it
    address = f"/admin/compliance/case/{case.pk}/change/"
    analyst = staff("investigator")
    analyst.goto(address)
    expect(analyst.get_by_test_id("why")).to_contain_text("3 accounts used device")
    press(analyst, "Claim")
    assert_fits(analyst)
    shot(analyst, "case")
    press(
        analyst, "Decide", choose={"Decision": "close_account", "Reason": "multiple-accounts"},
        fill={"Note": "Three accounts, one device, one person."},
    )  # fmt: skip
    expect(analyst.get_by_test_id("head")).to_contain_text("second person")
    with platform.in_database():
        assert Player.objects.get(pk=case.player_id).status == Player.Status.ACTIVE
        asked = ApprovalRequest.objects.filter(subject_player_id=case.player_id).latest("pk")
    second = staff("mlro")
    second.goto("/admin/compliance/approvalrequest/")
    second.locator(f"#result_list a[href*='/{asked.pk}/change/']").first.click()
    press(second, "Approve", fill={"Reason": "The evidence is plain."})
    with platform.in_database():
        assert Player.objects.get(pk=case.player_id).status == Player.Status.CLOSED


def test_a_doubtful_identity_is_judged_and_the_player_told(
    purse: Purse, staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    asked = purse.call("POST", "verifications", {})
    # The document says another name than the player did.
    purse.http.post(f"{urlsplit(asked['url']).path}/act", data={"outcome": "approved", "last_name": "Rautavaara"})
    with platform.in_database():
        doubtful = eventually(
            lambda: Verification.objects.get(public_id=asked["id"]), lambda found: found.state == "review"
        )
    agent = staff("kyc_agent")
    agent.goto("/admin/verification/verification/")
    agent.locator(f"#result_list a[href*='/{doubtful.pk}/change/']").click()
    expect(agent.get_by_text("differs")).to_be_visible()
    shot(agent, "verification")
    press(
        agent, "Decide", choose={"Decision": "approved"}, fill={"Reason": "Married name; the certificate is on file."}
    )
    (told,) = purse.call("GET", "verifications")["results"]
    assert told["state"] == "approved"


def test_a_break_of_last_night_is_written_off_by_two(
    site: Demo, live_worker: LivePlatform, staff: Staff, shot: Shot, platform: LivePlatform
) -> None:
    with platform.in_database():
        last_night = now() - timedelta(days=1)
    # What beat does at night: fetch the providers' files, and compare.
    argv = [sys.executable, "-m", "celery", "-A", "casino_platform", "call", "reconciliation.reconcile_day"]
    argv += ["--kwargs", json.dumps({"day": f"{last_night:%Y-%m-%d}"})]
    subprocess.run(argv, env=site.platform.environment, cwd=PROJECT_DIR, check=True, capture_output=True)
    with platform.in_database():
        differs = eventually(
            lambda: Break.objects.filter(kind="amount", state="open").first(), lambda found: found is not None
        )
    address = f"/admin/reconciliation/break/{differs.pk}/change/"
    clerk = staff("payments")
    clerk.goto(address)
    expect(clerk.get_by_text("the provider settled 36.00 EUR")).to_be_visible()
    shot(clerk, "break")
    press(clerk, "Claim")
    press(clerk, "Propose write-off", choose={"Account": "adjustment"}, fill={"Note": "Provider keeps the difference."})
    shot(clerk, "break-waits")
    lead = staff("payments_lead")
    lead.goto(address)
    lead.get_by_role("link", name="under Approvals").click()
    press(lead, "Approve", fill={"Reason": "Not worth a dispute."})
    lead.goto(address)
    expect(lead.get_by_text("Written off").first).to_be_visible()
    with platform.in_database():
        assert Break.objects.get(pk=differs.pk).resolved_by == "write_off"


def test_an_exclusion_by_staff_ends_the_players_session_at_once(purse: Purse, staff: Staff, shot: Shot) -> None:
    me = purse.call("GET", "me")
    login = {"username": me["username"], "password": "a-long-and-odd-pass-phrase", "brand": me["brand"]}
    page = staff("rg_officer")
    page.goto("/admin/players/player/")
    page.locator("#changelist-search input[name=q]").fill(me["username"])
    page.keyboard.press("Enter")
    page.get_by_role("link", name=me["username"], exact=True).click()
    press(
        page, "Exclude", choose={"Kind": "operator"},
        fill={"Days": "30", "Reason": "Asked on the telephone to be stopped."},
    )  # fmt: skip
    shot(page, "player-excluded")
    assert purse.http.get("/api/v1/me").status_code == 401
    purse.http.headers["Authorization"] = f"Bearer {purse.call('POST', 'sessions', login)['token']}"
    (game, *_) = purse.call("GET", "games")["results"]
    refused = purse.http.post(f"/api/v1/games/{game['code']}/launch", json={"mode": "real", "platform": "desktop"})
    assert (refused.status_code, refused.json()["code"]) == (403, "player-excluded")
