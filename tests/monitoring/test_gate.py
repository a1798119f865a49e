"""The gate: in the caller's transaction, holds with an alert, and lets neither an error nor an unknown pass."""

from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from typing import Any

import pytest
from django.db import connection, transaction
from prometheus_client import REGISTRY

from apps.compliance.models import Alert, Case, RuleSnooze
from apps.core import clock
from apps.core.money import Money
from apps.monitoring import deadletters
from apps.monitoring.engine import decided_again
from apps.monitoring.gate import NEUTRAL_REASON, UnknownPurpose, gate
from apps.monitoring.intake import Seen, store
from apps.monitoring.models import DeadLetter, Decision
from apps.monitoring.stream import count_range
from apps.players.models import Player
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account
from tests.factories.games import make_player
from tests.monitoring.scene import put_live

pytestmark = pytest.mark.django_db


@pytest.fixture
def player() -> Player:
    put_live()
    return make_player()


def deposited(player: Player, amount: str, *, days_ago: float) -> None:
    """A deposit in the ledger, counted."""
    accounts = open_player_accounts(player_id=player.pk, brand_id=player.brand_id, currency="EUR")
    psp = shared_account(brand_id=player.brand_id, currency="EUR", kind="psp")
    post(
        kind="deposit", brand_id=player.brand_id, currency="EUR", player_id=player.pk,
        legs=[Leg(psp, accounts.cash, Money.parse(amount, "EUR").units)], now=clock.now() - timedelta(days=days_ago),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_current_xact_id()::text::bigint + 1, coalesce((SELECT count(*) FROM monitoring_counter), 0)"
        )
        end, counted = cursor.fetchone()
        if counted:  # everything of this test has one database transaction: count it anew
            cursor.execute("DELETE FROM monitoring_counter")
            cursor.execute("ALTER TABLE monitoring_observation DISABLE TRIGGER append_only")
            cursor.execute("DELETE FROM monitoring_observation")
            cursor.execute("ALTER TABLE monitoring_observation ENABLE TRIGGER append_only")
    count_range(0, end, "00000000-0000-0000-0000-000000000000")


def asked(player: Player, purpose: str = "deposit", amount: str = "10", **facts: Any) -> Any:
    return gate(purpose=purpose, player=player, facts={"money": Money.parse(amount, "EUR"), **facts}, now=clock.now())


def test_an_ordinary_deposit_passes_and_what_was_asked_is_kept(player: Player) -> None:
    answer = asked(player, method="card")
    assert (answer.outcome, answer.passes, answer.reasons, answer.player_reason) == ("none", True, (), "")
    rows = Decision.objects.filter(call_id=answer.call_id)
    assert set(rows.values_list("rule_id", flat=True)) == {"AML-02", "AML-03", "AML-11", "AML-15", "AML-16", "AML-27"}
    assert set(rows.values_list("result", flat=True)) == {"pass"}
    assert Alert.objects.count() == 0


@pytest.mark.parametrize(("amount", "outcome"), [("1999.99", "none"), ("2000", "hold")])
def test_the_due_diligence_threshold_is_exact_to_the_cent(player: Player, amount: str, outcome: str) -> None:
    deposited(player, amount, days_ago=179.99)
    answer = asked(player, "withdrawal", "100")
    assert answer.outcome == outcome


@pytest.mark.parametrize(("days_ago", "outcome"), [(179.999, "hold"), (180.001, "none")])
def test_the_edge_of_the_rolling_window_is_settled_from_the_ledger(
    player: Player, days_ago: float, outcome: str
) -> None:
    # Both lie in the same hour bucket, or in neighbouring ones: the counters alone could not tell.
    deposited(player, "2500", days_ago=days_ago)
    assert asked(player, "withdrawal", "100").outcome == outcome


def test_a_hold_has_an_open_case_and_tells_the_player_only_what_is_safe(player: Player) -> None:
    deposited(player, "2500", days_ago=3)
    answer = asked(player, "withdrawal", "100")
    assert (answer.rules, len(answer.alert_ids)) == (("AML-02",), 1)
    assert Case.objects.get().state == "open"
    assert "AML" not in answer.player_reason
    assert "verification page" in answer.player_reason
    assert "2,500.00 EUR" in answer.reasons[0]


def test_a_hold_and_its_alert_are_made_together_or_not_at_all(player: Player) -> None:
    deposited(player, "2500", days_ago=3)
    with transaction.atomic():
        assert asked(player, "withdrawal").outcome == "hold"
        transaction.set_rollback(True)
    assert (Alert.objects.count(), Decision.objects.count()) == (0, 0)


def test_the_strongest_outcome_wins_and_every_rule_is_named(player: Player) -> None:
    deposited(player, "2500", days_ago=3)
    answer = asked(player, "withdrawal", "6000", holder="Somebody Else", instrument="card-9")
    assert answer.outcome == "block"
    assert set(answer.rules) == {"AML-02", "AML-03", "AML-11"}
    assert answer.rules[0] == "AML-11"
    assert answer.player_reason == "You can only use an account or card in your own name."


@pytest.mark.parametrize(
    ("holder", "outcome"),
    [
        ("Astrid Berg", "none"),
        ("BERG, ASTRID", "none"),
        ("Åstrid Bérg", "none"),
        ("Astrid M. Berg", "none"),
        ("Igor Petrov", "block"),
    ],
)
def test_the_holder_of_an_instrument_is_compared_by_name_and_the_name_is_not_kept(
    player: Player, holder: str, outcome: str
) -> None:
    assert asked(player, holder=holder).outcome == outcome
    assert all(holder not in str(row.inputs) for row in Decision.objects.all())


def test_what_was_asked_for_and_not_found_is_unknown_and_never_passes_silently(player: Player) -> None:
    answer = asked(player, ip_country=None)
    assert answer.outcome == "alert"
    row = Decision.objects.get(rule_id="AML-16")
    assert (row.result, row.alert_id) == ("unknown", answer.alert_ids[0])
    assert "could not be judged" in answer.reasons[0]


def failures() -> float:
    return REGISTRY.get_sample_value("casino_monitoring_gate_failures_total", {"purpose": "deposit"}) or 0.0


def test_an_error_holds_and_everybody_learns_of_it_and_the_transaction_stays_usable(player: Player) -> None:
    before = failures()
    # The database cannot keep what the rule read: the gate's own statement fails.
    answers = [asked(player, ip_country="\x00") for _ in range(2)]
    assert {(each.outcome, each.player_reason) for each in answers} == {("hold", NEUTRAL_REASON)}
    assert failures() == before + 2
    alert = Alert.objects.get()
    assert (answers[1].alert_ids, alert.title) == ((alert.pk,), "Monitoring could not judge a request")
    assert alert.case is not None
    assert list(Decision.objects.values_list("result", flat=True)) == ["error", "error"]
    letter = DeadLetter.objects.get()
    assert (letter.stage, letter.purpose, letter.player_id, letter.next_try_at) == ("gate", "deposit", player.pk, None)
    assert deadletters.retry(letter_id=letter.pk, now=clock.now()) is False  # the request was held; none judges it now
    assert DeadLetter.objects.get().tries == 1
    assert asked(player).outcome == "none"


def test_a_snoozed_rule_holds_nothing_until_a_larger_hit(player: Player, django_user_model: Any) -> None:
    deposited(player, "2500", days_ago=3)
    first = asked(player, "withdrawal")
    assert first.outcome == "hold"
    case = Case.objects.get()
    user = django_user_model.objects.create(username="analyst")
    RuleSnooze.objects.create(
        player=player, rule_id="AML-02", case=case, magnitude=2500, reason="Reviewed", made_by=user,
        starts_at=clock.now() - timedelta(minutes=1), ends_at=clock.now() + timedelta(days=30),
    )  # fmt: skip
    assert asked(player, "withdrawal").outcome == "none"
    deposited(player, "1300", days_ago=1)
    assert asked(player, "withdrawal").outcome == "hold"


def test_a_stored_decision_can_be_made_again_from_its_row(player: Player) -> None:
    deposited(player, "2500", days_ago=3)
    asked(player, "withdrawal", "6000", holder="Somebody Else")
    rows = list(Decision.objects.select_related("version"))
    assert len(rows) >= 6
    assert [decided_again(row) for row in rows] == [row.result == "hit" for row in rows]


def test_a_sanction_blocks_and_a_pep_is_held(player: Player) -> None:
    assert asked(player, screening_score=0.9, screening_topic="pep").outcome == "hold"
    assert asked(player, screening_score=0.9, screening_topic="sanction").outcome == "block"


def test_an_unknown_purpose_is_the_callers_fault(player: Player) -> None:
    with pytest.raises(UnknownPurpose):
        gate(purpose="coffee", player=player, facts={}, now=clock.now())


def test_failed_deposits_in_quick_succession_block_the_next_one_for_a_while(player: Player) -> None:
    now = clock.now()
    for minute in range(5):
        store(Seen("deposit_failed", player.pk, now - timedelta(minutes=minute), "", None, "", {}, f"fact:{minute}:x"))
    assert asked(player).outcome == "block"
    later = gate(
        purpose="deposit", player=player, facts={"money": Money.parse("10", "EUR")}, now=now + timedelta(minutes=11)
    )
    assert later.outcome == "none"


def test_the_gate_answers_within_its_budget(player: Player) -> None:
    """The bar is a p99 of 25 ms; the benchmark measures it alone, here it has the machine's noise to live with."""
    deposited(player, "900", days_ago=3)
    took = []
    for _ in range(60):
        began = perf_counter()
        asked(player, "withdrawal", "20", holder="Astrid Berg", instrument="card-1")
        took.append(perf_counter() - began)
    assert quantiles(took, n=10)[4] < 0.05
