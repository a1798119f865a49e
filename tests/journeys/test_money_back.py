"""Money that goes back to the account it came from, is refunded, or contested and defended: over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.core.money import Money
from apps.payments.models import Deposit, Dispute, DisputeAnswer, Instrument, Refund, Withdrawal
from apps.payments.operations.dispute_answers import answer_dispute, defense_reasons, send_answer
from apps.payments.operations.evidence_packs import build_pack, request_pack
from apps.payments.operations.refunds import send_refund, start_refund
from apps.sandbox.models import SimulatedPayment
from tests.journeys.test_payments import Payer, _told, eventually, payer

__all__ = ["payer"]  # a fixture


def paid_in(payer: Payer, method: str, integration: str, amount: str = "100.00") -> str:
    deposit = payer.begin_deposit(method, integration, amount)
    payer.press(deposit["next"]["url"], "pay")
    eventually(lambda: payer.api("GET", f"deposits/{deposit['id']}")["state"] == "settled")
    return str(deposit["id"])


def told(payer: Payer, holds: Callable[[], bool]) -> None:
    """Let the providers tell what is due, until something holds."""

    def look() -> bool:
        payer.http.post("/sandbox/vendors/psps/tell")
        with payer.demo.platform.in_database():
            return holds()

    eventually(look)


@pytest.mark.parametrize(
    ("method", "integration", "masked"), [("bank_transfer", "trustly", "Nordea …"), ("card", "adyen", "visa …1111")]
)
def test_a_payout_goes_to_the_account_that_the_provider_named(
    payer: Payer, method: str, integration: str, masked: str
) -> None:
    paid_in(payer, method, integration)
    told(payer, lambda: bool(payer.api("GET", "instruments")["results"]))
    (shown,) = payer.api("GET", "instruments")["results"]
    assert (shown["method"], shown["is_verified"]) == (method, True)
    assert shown["masked"].startswith(masked)
    assert "token" not in shown
    with payer.demo.platform.in_database():
        instrument = Instrument.objects.get(public_id=shown["id"])
        assert instrument.name_score == 100
        assert next(each.source for each in instrument.events.all()) in ("provider", "deposit")
    money = {"amount": "60.00", "currency": "EUR"}
    asked = payer.api("POST", "withdrawals", {"amount": money, "instrument": shown["id"]})
    told(payer, lambda: _told(payer, asked["id"]) == "paid")
    with payer.demo.platform.in_database():
        attempt = Withdrawal.objects.get(public_id=asked["id"]).attempts.get()
        assert SimulatedPayment.objects.get(reference=attempt.key).details["account"] == instrument.token
        assert attempt.contract is not None


def staff(name: str) -> User:
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True, "is_superuser": True})
    return user


@pytest.mark.parametrize("answer", ["accept", "lose_reply"])
def test_a_refund_reaches_the_provider_once(payer: Payer, answer: str) -> None:
    public_id = paid_in(payer, "card", "adyen", "80.00")
    payer.http.post("/sandbox/vendors/psps/adyen/faults", data={"payout_answer": answer})
    try:
        with payer.demo.platform.in_database():
            deposit = Deposit.objects.get(public_id=public_id)
            terms: dict[str, Any] = {
                "deposit_id": deposit.pk, "money": Money.parse("30", "EUR"), "reason_code": "other", "note": "Asked",
                "action_key": "once", "actor": staff("refunder"), "now": clock.now(),
            }  # fmt: skip
            refund, _ = start_refund(**terms)
            again, is_known = start_refund(**terms)
            assert (again.pk, is_known) == (refund.pk, True)
            expected = "submitted" if answer == "accept" else "unknown"
            sent = send_refund(refund_id=refund.pk, now=clock.now())
            assert sent.state in (expected, "done")
        told(payer, lambda: Refund.objects.get(pk=refund.pk).state == "done")
    finally:
        payer.http.post("/sandbox/vendors/psps/adyen/faults", data={})
    assert payer.cash() == "50.00"
    with payer.demo.platform.in_database():
        key = deposit.attempts.get().key
        assert SimulatedPayment.objects.get(reference=key).details["refunds"] == {refund.key: 1}


def test_a_dispute_is_defended_with_its_evidence(payer: Payer) -> None:
    deposit = payer.begin_deposit("card", "adyen", "70.00")
    payer.press(deposit["next"]["url"], "pay")
    eventually(lambda: payer.cash() == "70.00")
    payer.press(deposit["next"]["url"], "charge_back")
    told(payer, lambda: Dispute.objects.filter(deposit__public_id=deposit["id"], debits=1).exists())
    assert payer.cash() == "0.00"
    with payer.demo.platform.in_database():
        dispute, anna = Dispute.objects.get(deposit__public_id=deposit["id"]), staff("defender")
        assert (dispute.status, dispute.reason_code, dispute.fee_units) == ("opened", "10.4", 20_000_000)
        assert dispute.respond_by is not None
        grounds = {each.code: each.documents for each in defense_reasons(dispute)}
        assert [each.code for each in grounds["GoodsOrServicesProvided"]] == ["DefenseMaterial"]
        pack = request_pack(dispute_id=dispute.pk, actor=anna, now=clock.now())
        build_pack(pack_id=pack.pk, now=clock.now())
        eventually(lambda: dispute.packs.filter(state="ready").exists())
        answer = answer_dispute(
            dispute_id=dispute.pk, kind="defend", reason_code="GoodsOrServicesProvided", note="Played with it",
            actor=anna, now=clock.now(),
        )  # fmt: skip
        send_answer(answer_id=answer.pk, now=clock.now())
        eventually(lambda: DisputeAnswer.objects.get(pk=answer.pk).state == "done")
    told(payer, lambda: Dispute.objects.get(pk=dispute.pk).status == "challenged")
    with payer.demo.platform.in_database():
        paid = SimulatedPayment.objects.get(reference=dispute.deposit.attempts.get().key)
        assert (paid.details["answer"], paid.details["documents"]) == ("defended", ["DefenseMaterial"])
