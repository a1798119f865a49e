"""Deciding on withdrawals with the buttons of their page: by whom, how often, and on what was shown."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.integrations.models import Integration
from apps.payments.models import Approval, Instrument, Withdrawal
from apps.payments.operations.decisions import digest_of
from apps.payments.operations.submission import submit_withdrawal
from apps.players.models import Player
from tests.backoffice.conftest import Login
from tests.backoffice.payment_pages import event, in_review, page, press, said
from tests.payments.bank import Bank
from tests.payments.conftest import _bank_protocol, bank, instrument, integration, player
from tests.payments.play import fresh, sent, wallet

# Fixtures: a bank instead of a game vendor.
__all__ = ["_bank_protocol", "bank", "instrument", "integration", "player"]


def approve(client: Client, withdrawal: Withdrawal) -> list[str]:
    """Press the button with the digest that the page shows."""
    offered = client.get(page("payments_withdrawal", withdrawal)).context["staff_actions"]
    form = next(each["form"] for each in offered if each["action"].name == "approve")
    digest = form.initial["digest"]
    assert digest == digest_of(fresh(withdrawal))
    return said(
        press(
            client,
            "payments_withdrawal",
            withdrawal,
            "approve",
            digest=digest,
            reason_code="in-order",
            note="Looked at it.",
        )
    )


def test_two_people_agree_and_nobody_twice(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument, "1500")
    first = login("payments", username="anna")
    assert approve(first, withdrawal) == ["Your approval counts. A second person has to agree before it goes out."]
    assert approve(first, withdrawal) == ["A second person has to decide"]
    assert fresh(withdrawal).state == "in_review"
    assert Approval.objects.count() == 1
    assert approve(login("payments", username="bert"), withdrawal) == ["Approved; it goes to a provider now."]
    assert fresh(withdrawal).state == "approved"
    # When its provider has been chosen, what they agreed to is still what went out.
    assert submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now()).integration_id is not None
    shown = first.get(page("payments_withdrawal", withdrawal)).context
    assert [is_same for _, is_same in shown["approvals"]] == [True, True]


def test_a_superuser_does_not_count_twice_either(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument, "1500")
    root = login("superuser")
    approve(root, withdrawal)
    assert approve(root, withdrawal) == ["A second person has to decide"]
    assert fresh(withdrawal).state == "in_review"


def test_what_changed_since_it_was_shown_is_not_approved(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    shown = digest_of(fresh(withdrawal))
    Instrument.objects.update(token="GB00THIEF")
    reply = press(
        login("payments"),
        "payments_withdrawal",
        withdrawal,
        "approve",
        digest=shown,
        reason_code="in-order",
        note="Looked at it.",
    )
    assert said(reply) == ["The withdrawal is not the one shown"]
    assert fresh(withdrawal).state == "in_review"
    assert not Approval.objects.exists()


def test_whoever_changed_the_account_does_not_approve(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    client = login("payments")
    Instrument.objects.update(changed_by=User.objects.get(username="payments"))
    assert approve(client, withdrawal) == ["A second person has to decide"]


@pytest.mark.parametrize("role", ["support", "auditor", "investigator", "admin", "game_ops"])
def test_a_post_without_the_permission_does_nothing(
    role: str, login: Login, player: Player, instrument: Instrument, integration: Integration
) -> None:
    withdrawal = in_review(player, instrument)
    told = event(integration)
    terms = {"digest": digest_of(withdrawal), "note": "Looked at it.", "reason_code": "other", "reason": "Because"}
    client = login(role)
    for button in ("approve", "reject", "hold", "release", "attest"):
        address = reverse(f"admin:payments_withdrawal_{button}", args=[withdrawal.pk])
        assert client.post(address, terms).status_code == 403, button
    assert client.post(reverse("admin:integrations_inboundevent_replay", args=[told.pk]), terms).status_code == 403
    assert fresh(withdrawal).state == "in_review"
    told.refresh_from_db()
    assert told.state == "failed"


def test_buttons_work_by_post_only(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    client = login("payments")
    for button in ("approve", "reject", "hold"):
        address = reverse(f"admin:payments_withdrawal_{button}", args=[withdrawal.pk])
        assert client.get(address).status_code == 405
    assert fresh(withdrawal).state == "in_review"


def test_hold_release_and_reject(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    client = login("payments")
    terms = {"reason_code": "aml-review", "note": "Asked the analysts"}
    assert said(press(client, "payments_withdrawal", withdrawal, "hold", **terms)) == ["On hold."]
    assert fresh(withdrawal).state == "on_hold"
    reply = press(client, "payments_withdrawal", withdrawal, "hold", **terms)
    assert said(reply) == ["“Hold” no longer applies here: somebody may have been faster."]
    press(client, "payments_withdrawal", withdrawal, "release", note="They are content")
    assert (fresh(withdrawal).state, fresh(withdrawal).needs_override) == ("in_review", True)
    press(client, "payments_withdrawal", withdrawal, "reject", **terms)
    assert fresh(withdrawal).state == "rejected"
    assert wallet(player) == ("5000.00", "0.00")


def test_two_people_attest_what_became_of_an_unknown_one(
    login: Login, player: Player, instrument: Instrument, bank: Bank
) -> None:
    bank.mode = "deaf"
    withdrawal = sent(player, instrument)
    assert withdrawal.state == "unknown"
    terms = {"outcome": "paid", "evidence": "Bank statement 214, line 7"}
    first = login("payments", username="anna")
    assert said(press(first, "payments_withdrawal", withdrawal, "attest", **terms))[0].startswith("Recorded.")
    assert said(press(first, "payments_withdrawal", withdrawal, "attest", **terms)) == ["A second person has to decide"]
    assert fresh(withdrawal).state == "unknown"
    second = login("payments", username="bert")
    assert said(press(second, "payments_withdrawal", withdrawal, "attest", **terms)) == ["Settled: paid."]
