"""Gates by jurisdiction, the threshold, and locked money that no way leads out of."""

import functools
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.compliance.approvals import UnableToExecute, decide_approval, request_approval
from apps.compliance.models import Alert
from apps.core import clock
from apps.core.money import Money
from apps.payments.operations.adjustments import propose_adjustment
from apps.players.models import Player
from apps.transactions.models import Account
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account
from apps.verification.gates import gate
from apps.verification.models import DueDiligence, PlayerFact, Verification
from apps.verification.operations.due_diligence import (
    REFUND_COMMAND,
    RELEASE_COMMAND,
    check_threshold,
    finish_refund,
    take_for_refund,
)
from apps.verification.operations.facts import add_fact
from apps.verification.tasks import watch_thresholds
from tests.factories.games import make_player
from tests.factories.identity import connect_identity_vendor
from tests.factories.integrations import make_brand
from tests.factories.policies import load_matrix, put_in_force
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db


def prove(player: Player, *kinds: str, **more: Any) -> None:
    """Record facts as a vendor would have proven them."""
    for kind in kinds:
        add_fact(player_id=player.pk, kind=kind, outcome="confirmed", method="vendor", level=2, now=clock.now(), **more)


def law(code: str, **policies: Any) -> None:
    """Put policies in force."""
    for parameter, value in policies.items():
        put_in_force(code, parameter, value)


def deposit(player: Player, amount: str) -> None:
    """Pay in, as a settled deposit is posted."""
    accounts = open_player_accounts(player_id=player.pk, brand_id=player.brand_id, currency="EUR")
    psp = shared_account(brand_id=player.brand_id, currency="EUR", kind="psp")
    units = Money.parse(amount, "EUR").units
    post(
        kind="deposit", brand_id=player.brand_id, currency="EUR", player_id=player.pk,
        legs=[Leg(psp, accounts.cash, units)], now=clock.now(),
    )  # fmt: skip


def buckets(player: Player) -> dict[str, str]:
    """What is in the wallet."""
    rows = Account.objects.filter(player_id=player.pk, currency="EUR").values_list("kind", "balance")
    return {kind: Money(units, "EUR").format() for kind, units in rows if units}


@pytest.mark.parametrize(
    ("age_gate", "identity_gate", "needed"),
    [
        ("before_account", "before_account", {"account": 2, "deposit": 2, "play": 2, "withdrawal": 2}),
        ("before_deposit", "before_play", {"account": 0, "deposit": 1, "play": 2, "withdrawal": 2}),
        ("before_play", "at_cdd_threshold", {"account": 0, "deposit": 0, "play": 1, "withdrawal": 1}),
        ("grace", "at_cdd_threshold", {"account": 0, "deposit": 0, "play": 0, "withdrawal": 1}),
    ],
)
def test_each_purpose_needs_what_the_law_says(age_gate: str, identity_gate: str, needed: dict[str, int]) -> None:
    player = make_player()
    law(
        "MT", age_verification_gate=age_gate, identity_verification_gate=identity_gate,
        late_kyc_on_withdrawal_forbidden=False,
    )  # fmt: skip
    for purpose, count in needed.items():
        answer = gate(player=player, purpose=purpose, now=clock.now())
        assert (len(answer.missing), answer.passed) == (count, count == 0), purpose
        assert dict(answer.policies).keys() >= {"age_verification_gate", "identity_verification_gate"}
        assert answer.policy_version_id is not None
    prove(player, "age", "identity")
    assert all(gate(player=player, purpose=purpose, now=clock.now()).passed for purpose in needed)


def test_a_fact_counts_up_to_its_last_moment() -> None:
    player = make_player()
    law("MT", age_verification_gate="before_play", identity_verification_gate="before_play")
    end = clock.now() + timedelta(days=1)
    prove(player, "age")
    prove(player, "identity", valid_to=end)
    assert gate(player=player, purpose="play", now=end - timedelta(seconds=1)).passed
    late = gate(player=player, purpose="play", now=end)
    assert (late.passed, late.missing, late.player_reason) == (False, ("identity",), "verify-identity")


def test_where_the_law_forbids_it_a_withdrawal_is_not_the_first_to_ask() -> None:
    player = make_player()
    law("MT", identity_verification_gate="before_play", late_kyc_on_withdrawal_forbidden=True)
    answer = gate(player=player, purpose="withdrawal", now=clock.now())
    assert (answer.passed, answer.owed) == (True, ("identity",))
    assert not gate(player=player, purpose="play", now=clock.now()).passed


def test_a_gate_costs_three_queries(django_assert_num_queries: Any) -> None:
    player = make_player()
    law("MT", identity_verification_gate="before_play")
    gate(player=player, purpose="play", now=clock.now())
    with django_assert_num_queries(3):
        gate(player=player, purpose="play", now=clock.now())


def test_the_shipped_matrix_gives_britain_and_malta_their_gates() -> None:
    load_matrix()
    malta = make_player("maltese")
    british = make_player("british", jurisdiction_id="GB")
    assert gate(player=british, purpose="deposit", now=clock.now()).missing == ("age",)
    assert gate(player=british, purpose="play", now=clock.now()).missing == ("age", "identity")
    prove(malta, "age")
    assert gate(player=malta, purpose="play", now=clock.now()).passed


@pytest.fixture
def locking() -> Player:
    """A player whose law locks funds at 2 000 euro, paid in within 180 days."""
    player = make_player()
    law(
        "MT",
        cdd_threshold={"amount": 2000, "currency": "EUR", "basis": "accrued deposits", "window_days": 180},
        lock_funds_at_cdd_threshold=True,
        identity_verification_gate="at_cdd_threshold",
        late_kyc_on_withdrawal_forbidden=True,
    )
    connect_identity_vendor("onfido")
    return player


def test_just_below_the_threshold_nothing_happens_and_at_it_the_money_is_locked(locking: Player) -> None:
    deposit(locking, "1999.99")
    check_threshold(player_id=locking.pk, now=clock.now())
    assert not DueDiligence.objects.exists()
    deposit(locking, "0.01")
    check_threshold(player_id=locking.pk, now=clock.now())
    found = DueDiligence.objects.get()
    assert (found.state, found.locks_funds, found.measured["value"]) == ("open", True, "2000.00")
    assert found.policy_version_id is not None
    assert buckets(locking) == {"restricted": "2000.00"}
    asked = Verification.objects.get()
    assert (asked.level, asked.trigger, asked.state) == ("identity", "cdd-threshold", "none")
    assert Alert.objects.filter(player=locking, dedupe_key=f"cdd:{found.pk}").count() == 1
    assert gate(player=locking, purpose="play", now=clock.now()).passed
    refused = gate(player=locking, purpose="withdrawal", now=clock.now())
    assert (refused.passed, refused.player_reason) == (False, "funds-locked")
    assert refused.missing == ("identity", "sanctions", "pep")


def test_what_comes_in_later_is_locked_too(locking: Player) -> None:
    deposit(locking, "2000")
    check_threshold(player_id=locking.pk, now=clock.now())
    deposit(locking, "300")
    assert buckets(locking) == {"cash": "300.00", "restricted": "2000.00"}
    check_threshold(player_id=locking.pk, now=clock.now())
    assert buckets(locking) == {"restricted": "2300.00"}


def test_deposits_that_have_left_the_window_do_not_count(locking: Player) -> None:
    deposit(locking, "1500")
    law("MT", cdd_threshold={"amount": 2000, "currency": "EUR", "basis": "accrued deposits", "window_days": 0})
    deposit(locking, "499.99")
    check_threshold(player_id=locking.pk, now=clock.now())
    assert not DueDiligence.objects.exists()


def test_a_known_player_passes_the_threshold_without_noticing(locking: Player) -> None:
    prove(locking, "identity", "sanctions", "pep")
    deposit(locking, "5000")
    check_threshold(player_id=locking.pk, now=clock.now())
    assert not DueDiligence.objects.exists()
    assert buckets(locking) == {"cash": "5000.00"}


@pytest.mark.parametrize("swept", [True, False])
def test_no_withdrawal_gets_past_the_lock(locking: Player, swept: bool) -> None:  # noqa: FBT001
    deposit(locking, "2000")
    check_threshold(player_id=locking.pk, now=clock.now())
    deposit(locking, "500")
    if swept:
        check_threshold(player_id=locking.pk, now=clock.now())
    before = buckets(locking)
    accounts = open_player_accounts(player_id=locking.pk, brand_id=locking.brand_id, currency="EUR")
    bucket = accounts.restricted if swept else accounts.cash
    withdraw = functools.partial(
        post,
        kind="withdrawal",
        brand_id=locking.brand_id,
        currency="EUR",
        player_id=locking.pk,
        legs=[Leg(bucket, accounts.locked, 1_000_000)],
        now=clock.now(),
    )
    with pytest.raises(IntegrityError, match="locked for due diligence"):
        withdraw()
    assert buckets(locking) == before


@pytest.mark.parametrize(
    ("bucket", "amount", "may"), [("cash", "5", False), ("restricted", "-5", False), ("restricted", "5", True)]
)
def test_a_manual_adjustment_does_not_get_past_the_lock(locking: Player, bucket: str, amount: str, may: bool) -> None:  # noqa: FBT001
    deposit(locking, "2000")
    check_threshold(player_id=locking.pk, now=clock.now())
    brand = make_brand()
    maker = make_staff("maker", "wallets.propose_adjustment", brands=(brand,))
    checker = make_staff("checker", "wallets.approve_adjustment", brands=(brand,))
    money = Money.parse(amount.removeprefix("-"), "EUR")
    proposed = propose_adjustment(
        player_id=locking.pk, money=-money if amount.startswith("-") else money, bucket=bucket, reason="vendor-error",
        note="Somebody asked for it", actor=maker, now=clock.now(),
    )  # fmt: skip

    def approve() -> None:
        decide_approval(request_id=proposed.pk, checker=checker, approve=True, reason="", now=clock.now())

    if may:
        approve()
        assert buckets(locking) == {"restricted": "2005.00"}
        return
    with pytest.raises(UnableToExecute, match="locked for due diligence"):
        approve()
    assert buckets(locking) == {"restricted": "2000.00"}


@pytest.fixture
def two_people() -> tuple[User, User]:
    brand = make_brand()
    maker = make_staff("agent", "verification.propose_release", brands=(brand,))
    return maker, make_staff("officer", "verification.approve_release", brands=(brand,))


def _ask(command: str, maker: User, player: Player) -> Any:
    return request_approval(
        command=command, payload={"due_diligence": DueDiligence.objects.get().pk}, maker=maker,
        reason="All is there", now=clock.now(), subject_player_id=player.pk,
    )  # fmt: skip


def test_two_people_release_the_money_once_nothing_is_missing(locking: Player, two_people: tuple[User, User]) -> None:
    maker, checker = two_people
    deposit(locking, "2000")
    check_threshold(player_id=locking.pk, now=clock.now())
    request = _ask(RELEASE_COMMAND, maker, locking)
    with pytest.raises(UnableToExecute, match="Still missing: identity, sanctions, pep"):
        decide_approval(request_id=request.pk, checker=checker, approve=True, reason="", now=clock.now())
    assert buckets(locking) == {"restricted": "2000.00"}
    prove(locking, "identity", "sanctions", "pep")
    decide_approval(request_id=request.pk, checker=checker, approve=True, reason="", now=clock.now())
    assert buckets(locking) == {"cash": "2000.00"}
    assert DueDiligence.objects.get().state == "met"
    assert gate(player=locking, purpose="withdrawal", now=clock.now()).passed


def test_a_failed_due_diligence_sends_the_money_back_and_nowhere_else(
    locking: Player, two_people: tuple[User, User]
) -> None:
    maker, checker = two_people
    deposit(locking, "2000")
    check_threshold(player_id=locking.pk, now=clock.now())
    request = _ask(REFUND_COMMAND, maker, locking)
    decide_approval(request_id=request.pk, checker=checker, approve=True, reason="", now=clock.now())
    found = DueDiligence.objects.get()
    assert found.state == "refund_due"
    assert not gate(player=locking, purpose="withdrawal", now=clock.now()).passed
    undone = transaction.savepoint()
    take_for_refund(due_diligence_id=found.pk, money=Money.parse("2000", "EUR"), now=clock.now())
    assert buckets(locking) == {"locked": "2000.00"}
    assert finish_refund(due_diligence_id=found.pk, now=clock.now()).state == "refunded"
    # Without a withdrawal of payments that explains it, the books would not balance.
    transaction.savepoint_rollback(undone)
    assert buckets(locking) == {"restricted": "2000.00"}


@pytest.mark.django_db(transaction=True)
def test_the_task_finds_everybody_who_moved_money() -> None:
    player = make_player()
    law(
        "MT",
        cdd_threshold={"amount": 2000, "currency": "EUR", "basis": "accrued deposits", "window_days": 180},
        lock_funds_at_cdd_threshold=True,
    )
    deposit(player, "2500")
    assert watch_thresholds() == 1
    assert buckets(player) == {"restricted": "2500.00"}
    assert watch_thresholds() == 0
    deposit(player, "1")
    assert watch_thresholds() == 1
    assert buckets(player) == {"restricted": "2501.00"}


def test_facts_are_only_ever_superseded() -> None:
    player = make_player()
    prove(player, "identity", value={"document_type": "passport"})
    prove(player, "identity", value={"document_type": "passport"})
    assert PlayerFact.objects.count() == 1
    prove(player, "identity", value={"document_type": "id-card"})
    first, second = PlayerFact.objects.order_by("pk")
    assert (second.supersedes_id, list(PlayerFact.objects.standing())) == (first.pk, [second])
    for statement in (
        "UPDATE verification_playerfact SET outcome = 'refuted'",
        "DELETE FROM verification_playerfact",
        "TRUNCATE verification_playerfact CASCADE",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(IntegrityError), transaction.atomic():
        PlayerFact.objects.create(
            player=player, kind="identity", outcome="confirmed", method="x", obtained_at=clock.now(),
            recorded_at=clock.now(), supersedes=first,
        )  # fmt: skip
