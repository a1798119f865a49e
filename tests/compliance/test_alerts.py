"""What becomes of a hit: a case, one more hit of it, or a number that nobody is told of."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.compliance.cases.claims import claim_case
from apps.compliance.cases.closing import resolve_case
from apps.compliance.cases.steps import UnableToDoThat
from apps.compliance.cases.waiting import await_player
from apps.compliance.decisions import snooze_rule
from apps.compliance.models import Alert, AlertHit, Case, CaseNotice, RuleSnooze
from apps.players.models import Player
from tests.factories.cases import NARRATIVE, NOW, after, case_of, colleague, hit, tick_all
from tests.factories.games import make_player


@pytest.fixture
def player(db: None) -> Player:
    return make_player()


@pytest.fixture
def mlro(player: Player) -> User:
    return colleague("mlro", brand=player.brand)


def closed_as_false_positive(player: Player, mlro: User, **fields: object) -> Case:
    raised = hit(player, **fields)  # type: ignore[arg-type]
    claim_case(case_id=raised.case_id, actor=mlro, now=NOW)
    tick_all(case_of(raised), mlro)
    terms = {"resolution": "false_positive", "reason_codes": ["explained"], "narrative": NARRATIVE}
    resolve_case(case_id=raised.case_id, actor=mlro, now=NOW, **terms)  # type: ignore[arg-type]
    return case_of(raised)


def test_a_first_hit_opens_one_case_with_one_alert(player: Player) -> None:
    raised = hit(player)
    case = case_of(raised)
    assert raised.is_new
    assert (case.state, case.stage, case.severity, case.hit_count) == ("open", "triage", "medium", 1)
    assert case.title == "Deposits above income"
    assert case.sla_minutes == 600
    assert list(case.events.values_list("kind", "actor_name")) == [("opened", "test")]
    assert AlertHit.objects.count() == 1


def test_a_second_hit_of_the_same_matter_is_appended_and_the_holder_hears(player: Player, mlro: User) -> None:
    first = hit(player)
    claim_case(case_id=first.case_id, actor=mlro, now=NOW)
    second = hit(player, severity="critical", now=after(minutes=5))
    case = case_of(first)
    assert (second.is_new, second.alert_id, second.case_id) == (False, first.alert_id, first.case_id)
    assert (case.hit_count, case.severity, case.severity_rank, case.sla_minutes) == (2, "critical", 4, 60)
    assert case.due_at == after(minutes=60)
    assert Alert.objects.get().hit_count == 2
    assert [each.user_id for each in CaseNotice.objects.all()] == [mlro.pk]


def test_another_matter_joins_the_same_case_and_another_kind_opens_its_own(player: Player) -> None:
    first = hit(player)
    second = hit(player, dedupe_key="AML-03", rule_id="AML-03")
    third = hit(player, blueprint="harm", dedupe_key="RG-01")
    assert second.is_new
    assert second.case_id == first.case_id
    assert third.case_id != first.case_id
    assert Case.objects.count() == 2
    assert Alert.objects.count() == 3


def test_a_hit_brings_a_case_back_from_the_player(player: Player, mlro: User) -> None:
    raised = hit(player)
    claim_case(case_id=raised.case_id, actor=mlro, now=NOW)
    await_player(case_id=raised.case_id, what="Payslip", actor=mlro, now=NOW)
    hit(player, now=after(hours=1))
    case = case_of(raised)
    assert (case.state, case.clock_started_at) == ("open", after(hours=1))


def test_within_seven_days_after_closing_a_hit_is_only_counted(player: Player, mlro: User) -> None:
    case = closed_as_false_positive(player, mlro, magnitude="100")
    again = hit(player, now=after(days=6), magnitude="149")
    assert (again.is_new, again.suppressed, again.case_id) == (False, "cool_down", case.pk)
    assert Case.objects.count() == 1
    assert list(AlertHit.objects.values_list("suppressed", flat=True).order_by("id")) == ["", "cool_down"]


@pytest.mark.parametrize(("span", "magnitude"), [(timedelta(days=1), "150"), (timedelta(days=7), "100")])
def test_a_larger_hit_or_time_ends_the_cool_down(player: Player, mlro: User, span: timedelta, magnitude: str) -> None:
    closed_as_false_positive(player, mlro, magnitude="100")
    again = hit(player, now=NOW + span, magnitude=magnitude)
    assert again.is_new
    assert again.suppressed == ""
    assert Case.objects.filter(state="open").count() == 1


def test_a_snooze_counts_what_it_hides_and_a_larger_hit_ends_it(player: Player, mlro: User) -> None:
    case = closed_as_false_positive(player, mlro, magnitude="100")
    snooze_rule(case_id=case.pk, rule_id="AML-02", days=180, reason="Known income", actor=mlro, now=NOW)
    hidden = hit(player, now=after(days=100), magnitude="149")
    assert hidden.suppressed == "snooze"
    assert not Case.objects.filter(state="open").exists()
    told = hit(player, now=after(days=101), magnitude="150")
    assert told.is_new
    snooze = RuleSnooze.objects.get()
    assert snooze.ended_at == after(days=101)
    assert "1.5 times" in snooze.ended_why
    assert "snooze-broken" in case.events.values_list("kind", flat=True)


def test_a_snooze_ends_by_itself(player: Player, mlro: User) -> None:
    case = closed_as_false_positive(player, mlro, magnitude="100")
    snooze_rule(case_id=case.pk, rule_id="AML-02", days=30, reason="Known income", actor=mlro, now=NOW)
    assert hit(player, now=after(days=30), magnitude="10").is_new


@pytest.mark.parametrize(("days", "rule"), [(181, "AML-02"), (0, "AML-02"), (30, "AML-99"), (30, "")])
def test_no_snooze_is_longer_than_180_days_or_of_another_rule(player: Player, mlro: User, days: int, rule: str) -> None:
    case = closed_as_false_positive(player, mlro)
    with pytest.raises(UnableToDoThat):
        snooze_rule(case_id=case.pk, rule_id=rule, days=days, reason="Known income", actor=mlro, now=NOW)
    assert not RuleSnooze.objects.exists()


def test_an_open_case_silences_nothing(player: Player, mlro: User) -> None:
    raised = hit(player)
    with pytest.raises(UnableToDoThat, match="false positive"):
        snooze_rule(case_id=raised.case_id, rule_id="AML-02", days=30, reason="Known", actor=mlro, now=NOW)


def test_nonsense_is_refused_and_leaves_nothing(player: Player) -> None:
    nonsense: list[dict[str, Any]] = [{"severity": "awful"}, {"dedupe_key": ""}]
    for fields in nonsense:
        with pytest.raises(ValueError, match=r"severity|dedupe"):
            hit(player, **fields)
    assert not Case.objects.exists()
