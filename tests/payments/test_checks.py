"""What the checks of a withdrawal ask, and what they find."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.integrations.models import Integration
from apps.payments.checks.registry import CHECKS
from apps.payments.closed_loop import allocate
from apps.payments.contract import EventKind, InstrumentFacts
from apps.payments.models import ApprovalPolicy, Capability, Deposit, Instrument, Withdrawal
from apps.payments.operations.contract_versions import add_contract_version
from apps.payments.operations.deposits import request_deposit
from apps.payments.operations.screening import screen_withdrawal
from apps.players.models import Player, PlayerSession
from tests.factories.games import LONG_AGO, frontend_of, make_player
from tests.payments.play import euro, fresh, requested, tell


def deposit_from(player: Player, token: str, amount: str, holder: str = "") -> Instrument:
    """A settled deposit whose provider names the account."""
    deposit, _ = request_deposit(
        player=player, money=euro(amount), method="bank", slug="", client_key=f"{token}{amount}", remote_address="",
        now=clock.now(),
    )  # fmt: skip
    facts = InstrumentFacts(token=token, masked=token, holder=holder)
    tell(deposit, EventKind.DEPOSIT_SETTLED, amount=euro(amount), instrument=facts)
    found = Deposit.objects.get(pk=deposit.pk).instrument
    assert found is not None
    return found


def in_euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def answers(withdrawal: Withdrawal) -> dict[str, Any]:
    screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    return {each.name: each for each in withdrawal.checks.all()}


def check(withdrawal: Withdrawal, name: str) -> Any:
    return answers(withdrawal)[name]


def test_every_check_is_asked_and_stored_with_its_version(player: Player, instrument: Instrument) -> None:
    found = answers(requested(player, instrument))
    assert {name: each.version for name, each in found.items()} == {spec.name: spec.version for spec in CHECKS}
    assert {each.result for each in found.values()} == {"passed"}


def test_money_goes_back_to_its_source_first(player: Player, instrument: Instrument) -> None:
    source = deposit_from(player, "MT01SOURCE", "200")
    found = check(requested(player, instrument, "120"), "closed-loop")
    assert (found.result, found.reason) == (
        "review", f"A part has to go back to where it came from: 120.00 EUR to Bank MT01SOURCE (#{source.pk}).",
    )  # fmt: skip
    assert found.evidence["return"] == {f"bank #{source.pk}": "120.00 EUR"}
    assert check(requested(player, source, "120"), "closed-loop").result == "passed"


def test_what_was_won_may_follow_to_the_same_account(player: Player) -> None:
    source = deposit_from(player, "MT01SOURCE", "200")
    found = check(requested(player, source, "900"), "closed-loop")
    assert found.result == "passed"
    assert found.evidence == {"return": {f"bank #{source.pk}": "200.00 EUR"}, "remainder": "700.00 EUR"}


def test_after_the_sources_are_served_the_rest_goes_to_a_verified_account(
    player: Player, instrument: Instrument
) -> None:
    source = deposit_from(player, "MT01SOURCE", "200")
    out = requested(player, source, "200")
    # It counts as gone back while it is on its way, and is not counted against itself.
    assert check(out, "closed-loop").result == "passed"
    assert check(requested(player, instrument, "50"), "closed-loop").result == "passed"
    Instrument.objects.filter(pk=instrument.pk).update(verification="unverified")
    found = check(requested(player, Instrument.objects.get(pk=instrument.pk), "60"), "closed-loop")
    assert (found.result, found.evidence["remainder"]) == ("review", "60.00 EUR")
    assert found.reason == (
        "What was won, 60.00 EUR, goes to an account that is known to be the player's own;"
        f" {instrument} (#{instrument.pk}) is not."
    )


def test_two_sources_share_a_withdrawal(player: Player, instrument: Instrument) -> None:
    first, second = deposit_from(player, "MT01", "100"), deposit_from(player, "MT02", "30")
    found = allocate(player=player, money=euro("150"), chosen=first, method_id="bank")
    assert [(share.instrument.pk, share.units) for share in found.shares] == [
        (first.pk, euro("100").units), (second.pk, euro("30").units),
    ]  # fmt: skip
    assert (found.remainder_units, found.is_kept) == (euro("20").units, False)
    assert found.reason == (
        f"A part has to go back to where it came from: 100.00 EUR to Bank MT01 (#{first.pk}),"
        f" 30.00 EUR to Bank MT02 (#{second.pk}), the rest, 20.00 EUR, to an account of the player's own."
    )
    # A source that nobody can pay to takes no share.
    Instrument.objects.filter(pk=second.pk).update(is_blocked=True)
    assert allocate(player=player, money=euro("150"), chosen=first, method_id="bank").is_kept


def test_a_player_who_divides_as_he_is_told_waits_for_nobody(player: Player, instrument: Instrument) -> None:
    first, second = deposit_from(player, "MT01", "100"), deposit_from(player, "MT02", "30")
    client = frontend_of(player)
    asked = {"amount": "150.00", "currency": "EUR", "instrument": str(first.public_id)}
    plan = client.get("/api/v1/withdrawals/plan", asked)
    assert plan.json() == {
        "parts": [
            {"instrument": str(first.public_id), "method": "bank", "masked": "MT01", "amount": in_euro("100.00")},
            {"instrument": str(second.public_id), "method": "bank", "masked": "MT02", "amount": in_euro("30.00")},
        ],
        "rest": in_euro("20.00"),
    }
    assert not Withdrawal.objects.exists()
    for used, amount in ((first, "100"), (second, "30"), (instrument, "20")):
        assert check(requested(player, used, amount), "closed-loop").result == "passed"
    assert client.get("/api/v1/withdrawals/plan", asked).json() == {"parts": [], "rest": in_euro("150.00")}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount": "0"}, "validation-failed"),
        ({"amount": "1.999"}, "validation-failed"),
        ({"currency": "XXY"}, "validation-failed"),
        ({"instrument": "01990000-0000-7000-8000-000000000000"}, "instrument-unknown"),
    ],
)
def test_a_plan_for_what_makes_no_sense_is_refused(player: Player, wrong: dict[str, str], code: str) -> None:
    refused = frontend_of(player).get("/api/v1/withdrawals/plan", {"amount": "150.00", "currency": "EUR", **wrong})
    assert (refused.status_code // 100, refused.json()["code"]) == (4, code)


def test_somebody_elses_instrument_is_not_planned_with(player: Player) -> None:
    other = deposit_from(make_player(username="berit"), "MT01", "100")
    client = frontend_of(player)
    asked = {"amount": "50.00", "currency": "EUR", "instrument": str(other.public_id)}
    assert client.get("/api/v1/withdrawals/plan", asked).json()["code"] == "instrument-unknown"


def test_a_source_whose_deposit_was_taken_back_is_served(player: Player, instrument: Instrument) -> None:
    source = deposit_from(player, "MT01SOURCE", "200")
    tell(Deposit.objects.get(), EventKind.CHARGEBACK, dispute_reference="D1", amount=euro("200"))
    found = answers(requested(player, instrument, "50"))
    assert found["closed-loop"].result == "passed"
    assert (found["chargeback-exposure"].result, found["chargeback-exposure"].evidence["open_disputes"]) == (
        "review",
        1,
    )
    assert source.verification == "verified"


def test_another_holders_account_is_no_account_of_the_player(player: Player) -> None:
    player.first_name, player.last_name = "Maren", "Salo"
    player.save(update_fields=["first_name", "last_name"])
    own, other = deposit_from(player, "MT01", "50", "SALO MAREN"), deposit_from(player, "MT02", "50", "Pekka Virtanen")
    assert (own.verification, own.name_score) == ("verified", 100)
    assert other.verification == "mismatch"
    found = check(requested(player, other, "20"), "instrument-owner")
    assert (found.result, found.reason) == ("review", "The provider names another holder than the player.")


def test_many_small_ones_do_not_go_out_unseen(player: Player, instrument: Instrument) -> None:
    ApprovalPolicy.objects.update(daily_units=euro("400").units)
    for amount in ("150", "160"):
        assert answers(requested(player, instrument, amount))["daily-limit"].result == "passed"
    last = requested(player, instrument, "170")
    found = check(last, "daily-limit")
    assert (found.result, found.evidence) == ("review", {"in_24_hours": "480.00 EUR", "limit": "400.00 EUR"})
    assert (fresh(last).state, fresh(last).needs_override) == ("in_review", True)


def session(player: Player, address: str, device: str = "", days_ago: float = 30) -> None:
    at = clock.now() - timedelta(days=days_ago)
    PlayerSession.objects.create(
        player=player, token_digest=f"{player.pk}{address}{device}{days_ago}".encode(), created_at=at,
        expires_at=at, last_seen_at=at, remote_address=address, device=device,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "days_ago", "result"),
    [("198.51.100.9", 30, "review"), ("203.0.113.7", 30, "passed"), ("203.0.113.7", 0.1, "passed")],
)
def test_an_address_never_used_before_is_looked_at(
    player: Player, instrument: Instrument, address: str, days_ago: float, result: str
) -> None:
    # The withdrawal comes from 203.0.113.7.
    session(player, address, days_ago=days_ago)
    assert check(requested(player, instrument), "device-address").result == result


def test_a_device_of_another_player_is_looked_at(player: Player, instrument: Instrument) -> None:
    session(player, "203.0.113.7", "phone-1")
    session(make_player("other"), "198.51.100.9", "phone-1")
    found = check(requested(player, instrument), "device-address")
    assert (found.result, found.evidence["players_on_device"]) == ("review", 1)


def test_a_provider_that_pays_out_of_what_it_holds_must_hold_enough(
    player: Player, instrument: Instrument, integration: Integration
) -> None:
    terms = {
        "merchant_of_record": "We",
        "settlement": [{"currency": "EUR", "lag_days": 1, "cut_off": "00:00", "pays_out_of_balance": True}],
    }
    add_contract_version(
        integration_id=integration.pk, terms=terms, valid_from=LONG_AGO, maker=None, checker=None, now=LONG_AGO
    )
    found = check(requested(player, instrument, "100"), "provider-liquidity")
    assert (found.result, found.evidence["holds"]) == ("review", {"bank": "0.00 EUR"})
    source = deposit_from(player, "MT01", "150")
    assert check(requested(player, source, "100"), "provider-liquidity").result == "passed"


def test_a_days_limit_of_the_only_provider_is_looked_at(player: Player, instrument: Instrument) -> None:
    withdrawal = requested(player, instrument, "100")
    Capability.objects.filter(direction="withdrawal").update(daily_units=euro("99").units)
    found = answers(withdrawal)
    assert (found["provider-limits"].result, found["provider-liquidity"].result) == ("review", "passed")
