"""What limits, exclusion, identity, cases and the law have to say in payments, through HTTP and tasks."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.brands.models import Jurisdiction
from apps.compliance.effects import effect_named
from apps.core import clock
from apps.payments import tasks
from apps.payments.contract import EventKind
from apps.payments.models import Attempt, Deposit, Instrument, PaymentStep, Withdrawal
from apps.payments.operations.case_holds import hold_for_case, release_for_case
from apps.players.models import Player
from apps.safer_play.exclusions import ExclusionTerms, exclude_person
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import set_limit
from apps.safer_play.models import DepositUse, Refusal
from apps.verification.operations.facts import add_fact
from tests.contracts.psps import PaymentIq
from tests.factories.games import frontend_of
from tests.factories.policies import put_in_force
from tests.factories.staff import make_staff
from tests.payments.bank import Bank
from tests.payments.play import euro, fresh, post, requested, tell, wallet

BODY = {"amount": {"amount": "60.00", "currency": "EUR"}, "method": "bank"}


def limit_of(player: Player, amount: str) -> None:
    terms = Terms(kind="deposit", period="day", money=euro(amount), currency="EUR")
    set_limit(player_id=player.pk, terms=terms, now=clock.now())


def exclude(player: Player) -> None:
    terms = ExclusionTerms(kind="time_out", lasts=timedelta(days=1))
    exclude_person(player_id=player.pk, terms=terms, now=clock.now())


def test_beyond_the_limit_nothing_is_begun_nobody_is_asked_and_the_refusal_is_kept(player: Player, bank: Bank) -> None:
    limit_of(player, "100")
    frontend = frontend_of(player)
    assert post(frontend, "deposits", BODY).status_code == 201
    refused = post(frontend, "deposits", BODY)
    assert (refused.status_code, refused.json()["code"]) == (403, "deposit-limit-reached")
    assert refused.json()["headroom"] == {"amount": "40.00", "currency": "EUR"}
    assert (bank.calls["/deposit"], Deposit.objects.count(), DepositUse.objects.count()) == (1, 1, 1)
    kept = Refusal.objects.get()
    assert (kept.asked_units, kept.headroom_units) == (euro("60").units, euro("40").units)


def test_a_deposit_that_no_provider_takes_gives_its_room_back(player: Player, bank: Bank) -> None:
    limit_of(player, "100")
    bank.mode = "refuse"
    assert post(frontend_of(player), "deposits", BODY).status_code == 422
    bank.mode = "ok"
    assert post(frontend_of(player), "deposits", BODY).status_code == 201
    assert sorted(DepositUse.objects.values_list("state", flat=True)) == ["released", "reserved"]


def test_an_excluded_player_can_not_begin_a_deposit(player: Player, bank: Bank) -> None:
    frontend = frontend_of(player)
    exclude(player)
    assert post(frontend, "deposits", BODY).status_code in {401, 403}
    assert (bank.calls["/deposit"], Deposit.objects.count()) == (0, 0)


def test_money_that_comes_during_an_exclusion_is_the_players_and_an_incident(player: Player) -> None:
    post(frontend_of(player), "deposits", BODY)
    deposit = Deposit.objects.get()
    exclude(player)
    tell(deposit, EventKind.DEPOSIT_SETTLED, amount=euro("60"))
    assert wallet(player) == ("5060.00", "0.00")
    step = PaymentStep.objects.get(is_incident=True)
    assert (step.name, step.details["gate"]) == ("deposit-settled", "excluded")


@pytest.mark.django_db
def test_a_cashiers_promise_beyond_the_limit_is_refused_and_the_refusal_kept(client: Client) -> None:
    cashier = PaymentIq("paymentiq", client)
    limit_of(cashier.player, "100")
    response = cashier.send(cashier.call("authorize", "CreditcardDeposit", "100.01"))
    assert response.json()["success"] is False
    assert (Deposit.objects.count(), Attempt.objects.count(), DepositUse.objects.count()) == (0, 0, 0)
    assert Refusal.objects.get().asked_units == euro("100.01").units


@pytest.mark.django_db
def test_a_cashiers_money_that_nobody_announced_counts_against_the_limit(client: Client) -> None:
    cashier = PaymentIq("paymentiq", client)
    limit_of(cashier.player, "100")
    assert cashier.send(cashier.call("transfer", "CreditcardDeposit", "90.00")).json()["success"] is True
    refused = cashier.send(cashier.call("authorize", "CreditcardDeposit", "10.01"))
    assert refused.json()["success"] is False
    assert cashier.send(cashier.call("authorize", "CreditcardDeposit", "10.00")).json()["success"] is True
    assert cashier.balances() == ("1090.00", "0.00")


@pytest.mark.django_db
def test_a_cashier_may_not_promise_to_an_excluded_player_and_may_pay_him_out(client: Client) -> None:
    cashier = PaymentIq("paymentiq", client)
    exclude(cashier.player)
    assert cashier.send(cashier.call("authorize", "CreditcardDeposit", "10.00")).json()["success"] is False
    assert cashier.send(cashier.call("authorize", "CreditcardWithdrawal", "-10.00")).json()["success"] is True
    assert cashier.balances() == ("990.00", "10.00")


def test_held_for_identity_it_is_screened_again_once_that_is_proven(player: Player, instrument: Instrument) -> None:
    put_in_force("MT", "identity_verification_gate", "before_play")
    put_in_force("MT", "late_kyc_on_withdrawal_forbidden", value=False)
    withdrawal = requested(player, instrument)
    tasks.screen_withdrawal(withdrawal_id=withdrawal.pk)
    held = fresh(withdrawal)
    assert (held.state, held.reason_code, held.player_reason) == ("on_hold", "identity", "verify-identity")
    add_fact(player_id=player.pk, kind="address", outcome="confirmed", method="vendor", level=2, now=clock.now())
    tasks.follow_identity()
    tasks.screen_withdrawal(withdrawal_id=withdrawal.pk)
    assert fresh(withdrawal).state == "on_hold"  # that was not what it waits for
    add_fact(player_id=player.pk, kind="identity", outcome="confirmed", method="vendor", level=2, now=clock.now())
    assert tasks.follow_identity() == 1
    assert fresh(withdrawal).state == "screening"
    tasks.screen_withdrawal(withdrawal_id=withdrawal.pk)
    assert fresh(withdrawal).state == "approved"
    assert list(withdrawal.checks.filter(name="identity").values_list("result", flat=True)) == [
        "hold", "hold", "passed",
    ]  # fmt: skip
    assert wallet(player) == ("4900.00", "100.00")


def test_a_case_holds_what_people_still_decide_on_and_lets_it_be_decided_again(
    player: Player, instrument: Instrument
) -> None:
    officer = make_staff("officer")
    open_one, on_its_way = requested(player, instrument, "500"), requested(player, instrument, "100")
    for each in (open_one, on_its_way):
        tasks.screen_withdrawal(withdrawal_id=each.pk)
    assert (fresh(open_one).state, fresh(on_its_way).state) == ("in_review", "approved")
    held = hold_for_case(player_id=player.pk, case="AML-1", actor=officer, now=clock.now())
    assert held == [str(open_one.public_id)]
    assert (fresh(open_one).state, fresh(open_one).reason_code, fresh(open_one).player_reason) == (
        "on_hold", "aml-review", "",
    )  # fmt: skip
    assert fresh(on_its_way).state == "approved"
    shown = frontend_of(player).get(f"/api/v1/withdrawals/{open_one.public_id}").json()
    assert shown["state"] == "processing"
    assert "aml" not in str(shown)
    assert hold_for_case(player_id=player.pk, case="AML-1", actor=officer, now=clock.now()) == []
    assert release_for_case(player_id=player.pk, case="AML-1", actor=officer, now=clock.now()) == held
    assert (fresh(open_one).state, fresh(open_one).needs_override) == ("in_review", True)
    assert release_for_case(player_id=player.pk, case="AML-1", actor=officer, now=clock.now()) == []
    assert effect_named("release_withdrawals").reverses == ("hold_withdrawals",)


@pytest.mark.parametrize("law", ["MT", "GB", "SE"])
@pytest.mark.parametrize("is_published", [True, False])
def test_whether_a_withdrawal_may_be_taken_back_is_the_laws_word(
    player: Player,
    instrument: Instrument,
    law: str,
    is_published: bool,  # noqa: FBT001 - a case
) -> None:
    Jurisdiction.objects.get_or_create(code=law, defaults={"name": law, "timezone": "UTC"})
    Player.objects.filter(pk=player.pk).update(jurisdiction_id=law)
    player.refresh_from_db()
    if is_published:
        put_in_force(law, "reverse_withdrawal_allowed", value=law == "MT")
    withdrawal = requested(player, instrument)
    answer = post(frontend_of(player), f"withdrawals/{withdrawal.public_id}/cancel", {})
    if law == "MT":
        assert (answer.status_code, fresh(withdrawal).state, wallet(player)) == (200, "cancelled", ("5000.00", "0.00"))
        return
    assert (answer.status_code, answer.json()["code"]) == (403, "reverse-withdrawal-not-allowed")
    assert (fresh(withdrawal).state, wallet(player)) == ("requested", ("4900.00", "100.00"))


def test_a_closed_account_gets_nothing_out_and_an_excluded_one_does(player: Player, instrument: Instrument) -> None:
    exclude(player)
    withdrawal = requested(player, instrument)
    tasks.screen_withdrawal(withdrawal_id=withdrawal.pk)
    check = withdrawal.checks.get(name="exclusion")
    assert (check.result, check.evidence) == ("passed", {"excluded": True})
    assert Withdrawal.objects.get().state == "approved"
