"""Deposits through the player API, and what the provider says of them."""

import itertools
import uuid

import pytest

from apps.core import clock
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.contract import EventKind
from apps.payments.models import Attempt, Deposit, Dispute, Instrument, PaymentStep
from apps.payments.operations.events import Applied, EventNotSound, EventParked
from apps.payments.operations.expiry import expire_deposit
from apps.players.models import Player
from apps.transactions.models import AccountKind
from tests.factories.games import frontend_of, make_player
from tests.payments.bank import Bank
from tests.payments.conftest import connect_bank
from tests.payments.play import euro, post, shared, tell, wallet

BODY = {"amount": {"amount": "50.00", "currency": "EUR"}, "method": "bank"}


def started(player: Player) -> Deposit:
    answer = post(frontend_of(player), "deposits", BODY)
    assert answer.status_code == 201, answer.content
    return Deposit.objects.get(public_id=answer.json()["id"])


def test_a_deposit_is_started_settled_and_in_the_wallet(player: Player, bank: Bank) -> None:
    frontend = frontend_of(player)
    answer = post(frontend, "deposits", BODY)

    deposit = Deposit.objects.get()
    key = Attempt.objects.get().key
    assert answer.status_code == 201
    assert answer.json()["state"] == "initiated"
    assert answer.json()["next"] == {"type": "redirect", "url": f"https://bank.example.com/{key}"}
    assert wallet(player) == ("5000.00", "0.00")

    assert tell(deposit, EventKind.DEPOSIT_PENDING) == Applied.APPLIED
    assert tell(deposit, EventKind.DEPOSIT_SETTLED, "e1", amount=euro("50"), fee=euro("1.50")) == Applied.APPLIED

    shown = frontend.get(f"/api/v1/deposits/{deposit.public_id}").json()
    assert (shown["state"], shown["settled"]) == ("settled", {"amount": "50.00", "currency": "EUR"})
    assert wallet(player) == ("5050.00", "0.00")
    assert (shared(AccountKind.PSP), shared(AccountKind.FEE)) == ("-48.50", "-1.50")
    assert Instrument.objects.get().is_verified


def test_the_same_request_again_is_the_same_deposit(player: Player, bank: Bank) -> None:
    frontend, key = frontend_of(player), str(uuid.uuid4())
    first, again = (post(frontend, "deposits", BODY, key) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert bank.calls["/deposit"] == 1


def test_a_key_is_needed_and_stands_for_one_body(player: Player) -> None:
    frontend, key = frontend_of(player), str(uuid.uuid4())
    missing = frontend.post("/api/v1/deposits", BODY, content_type="application/json")
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")

    post(frontend, "deposits", BODY, key)
    other = post(frontend, "deposits", {**BODY, "amount": {"amount": "51.00", "currency": "EUR"}}, key)
    assert (other.status_code, other.json()["code"]) == (422, "deposit-key-reused")


def test_an_unanswered_start_is_unclear_and_repeats_under_the_same_key(player: Player, bank: Bank) -> None:
    frontend, key = frontend_of(player), str(uuid.uuid4())
    bank.mode = "lose_answer"
    unclear = post(frontend, "deposits", BODY, key)
    assert (unclear.status_code, unclear.json()["code"]) == (504, "deposit-unclear")

    bank.mode = "ok"
    again = post(frontend, "deposits", BODY, key)

    assert again.status_code == 201
    assert list(bank.payouts) == [Attempt.objects.get().key]


def test_the_next_provider_is_asked_after_a_definite_no(player: Player, bank: Bank, second_bank: Bank) -> None:
    connect_bank(second_bank, "second-bank", priority=200)
    bank.mode = "refuse"

    deposit = started(player)

    assert deposit.integration.slug == "second-bank"
    assert list(deposit.attempts.values_list("state", flat=True)) == ["refused", "accepted"]


def test_the_next_provider_is_not_asked_while_the_first_is_unknown(
    player: Player, bank: Bank, second_bank: Bank
) -> None:
    connect_bank(second_bank, "second-bank", priority=200)
    bank.mode = "error"

    assert post(frontend_of(player), "deposits", BODY).status_code == 504
    assert not second_bank.calls


def test_refused_by_all_it_has_failed(player: Player, bank: Bank) -> None:
    bank.mode = "refuse"
    answer = post(frontend_of(player), "deposits", BODY)
    assert (answer.status_code, answer.json()["code"]) == (422, "deposit-not-possible")
    assert Deposit.objects.get().state == "failed"


@pytest.mark.parametrize("amount", ["9.99", "100000.01"])
def test_outside_the_limits_nobody_is_asked(player: Player, bank: Bank, amount: str) -> None:
    answer = post(frontend_of(player), "deposits", {**BODY, "amount": {"amount": amount, "currency": "EUR"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "deposit-not-possible")
    assert answer.json()["detail"] == "Amounts from 10.00 to 100000.00 EUR are open."
    assert not Deposit.objects.exists()


def test_a_restricted_player_may_not_deposit(player: Player, bank: Bank) -> None:
    Player.objects.filter(pk=player.pk).update(status="restricted", restrictions=["deposit"])
    answer = post(frontend_of(player), "deposits", BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "deposits-blocked")
    assert not bank.calls


def test_somebody_elses_deposit_is_not_found(player: Player) -> None:
    deposit = started(player)
    stranger = frontend_of(make_player("stranger"))
    assert stranger.get(f"/api/v1/deposits/{deposit.public_id}").status_code == 404


def test_another_amount_than_asked_for_counts(player: Player) -> None:
    deposit = started(player)
    tell(deposit, EventKind.DEPOSIT_SETTLED, amount=euro("1025"))
    assert wallet(player) == ("6025.00", "0.00")


def test_late_success_after_failure_is_posted_and_raised(player: Player) -> None:
    deposit = started(player)
    tell(deposit, EventKind.DEPOSIT_FAILED)
    assert Deposit.objects.get().state == "failed"

    tell(deposit, EventKind.DEPOSIT_SETTLED)

    assert Deposit.objects.get().state == "settled"
    assert wallet(player) == ("5050.00", "0.00")
    assert PaymentStep.objects.get(is_incident=True).details["late"] is True


def test_money_for_a_player_who_may_no_longer_deposit_is_posted_and_raised(player: Player) -> None:
    deposit = started(player)
    Player.objects.filter(pk=player.pk).update(status="restricted", restrictions=["deposit"])
    tell(deposit, EventKind.DEPOSIT_SETTLED)
    assert PaymentStep.objects.get(is_incident=True).details["blocked_player"] is True


def test_an_expired_deposit_still_settles(player: Player) -> None:
    deposit = started(player)
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=clock.now())
    assert expire_deposit(deposit_id=deposit.pk, now=clock.now()).state == "expired"
    tell(deposit, EventKind.DEPOSIT_SETTLED)
    assert wallet(player) == ("5050.00", "0.00")


def test_a_provider_that_knows_better_is_believed_before_expiry(player: Player, bank: Bank) -> None:
    deposit = started(player)
    bank.payouts[Attempt.objects.get().key] = "settled"
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=clock.now())
    assert expire_deposit(deposit_id=deposit.pk, now=clock.now()).state == "settled"
    assert wallet(player) == ("5050.00", "0.00")


def test_another_currency_is_not_sound_and_moves_nothing(player: Player) -> None:
    deposit = started(player)
    with pytest.raises(EventNotSound):
        tell(deposit, EventKind.DEPOSIT_SETTLED, amount=Money.parse("50", "USD"))
    assert wallet(player) == ("5000.00", "0.00")


def test_a_reversal_takes_what_is_there_and_the_rest_is_owed(integration: Integration) -> None:
    player = make_player()
    deposit = started(player)
    tell(deposit, EventKind.DEPOSIT_SETTLED)
    tell(started(player), EventKind.DEPOSIT_SETTLED, amount=euro("10"))
    take_away(player, "30")

    tell(deposit, EventKind.DEPOSIT_REVERSED)

    assert Deposit.objects.get(pk=deposit.pk).state == "reversed"
    assert wallet(player) == ("0.00", "0.00")
    assert shared(AccountKind.SUSPENSE) == "-20.00"


def take_away(player: Player, amount: str) -> None:
    from apps.transactions.posting import Leg, post as post_to_ledger, shared_account  # noqa: I001, PLC0415
    from apps.wallets.operations import open_wallet  # noqa: PLC0415

    accounts = open_wallet(player, "EUR")
    house = shared_account(brand_id=player.brand_id, currency="EUR", kind=AccountKind.HOUSE)
    post_to_ledger(
        kind="correction",
        brand_id=player.brand_id,
        currency="EUR",
        player_id=player.pk,
        legs=[Leg(accounts.cash, house, euro(amount).units)],
        now=clock.now(),
    )


def test_the_dispute_ladder_moves_money_per_event(player: Player) -> None:
    deposit = started(player)
    tell(deposit, EventKind.DEPOSIT_SETTLED)
    ladder = [
        (EventKind.DISPUTE_OPENED, "5050.00"),
        (EventKind.CHARGEBACK, "5000.00"),
        (EventKind.CHARGEBACK, "5000.00"),
        (EventKind.CHARGEBACK_REVERSED, "5050.00"),
        (EventKind.SECOND_CHARGEBACK, "5000.00"),
        (EventKind.DISPUTE_UPDATED, "5000.00"),
    ]
    for kind, cash in ladder:
        status = "lost" if kind == EventKind.DISPUTE_UPDATED else ""
        tell(deposit, kind, dispute_reference="D1", dispute_status=status, word=kind)
        assert wallet(player)[0] == cash, kind
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.debits, dispute.credits) == ("lost", 2, 1)


def test_what_belongs_after_settlement_waits_for_it(player: Player) -> None:
    deposit = started(player)
    for kind in (EventKind.DEPOSIT_REVERSED, EventKind.CHARGEBACK):
        with pytest.raises(EventParked):
            tell(deposit, kind)
    assert not Dispute.objects.exists()


EVENTS = [
    (EventKind.DEPOSIT_PENDING, "p"),
    (EventKind.DEPOSIT_SETTLED, "s"),
    (EventKind.DEPOSIT_REVERSED, "r"),
    (EventKind.DEPOSIT_PENDING, "p"),
    (EventKind.DEPOSIT_SETTLED, "s"),
]


def test_any_order_and_any_number_of_deliveries_end_alike(player: Player) -> None:
    for order in sorted(set(itertools.permutations(EVENTS))):
        deposit, waiting = started(player), list(order)
        while waiting:
            kind, event_id = waiting.pop(0)
            try:
                tell(deposit, kind, f"{deposit.pk}-{event_id}")
            except EventParked:
                waiting.append((kind, event_id))
        assert Deposit.objects.get(pk=deposit.pk).state == "reversed"
    assert wallet(player) == ("5000.00", "0.00")
    assert shared(AccountKind.PSP) == "0.00"
