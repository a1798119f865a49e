"""Rules as data: what is not sound is refused with its place; two people publish; a committed version never changes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import DatabaseError, transaction

from apps.compliance.approvals import ApprovalSecondPerson, decide_approval
from apps.core import clock
from apps.monitoring.definitions import DefinitionNotSound, read_definition, require_fixtures, run_fixtures
from apps.monitoring.expressions.evaluation import StoredContext, evaluate
from apps.monitoring.expressions.operators import OPERATORS, applied
from apps.monitoring.expressions.parsing import parse
from apps.monitoring.expressions.values import ABSENT, Unknown
from apps.monitoring.loading import load_catalogue, shipped_lists, shipped_rules
from apps.monitoring.models import Rule, RuleVersion
from apps.monitoring.publication import UnableToPublish, commit_version, draft_with_params, request_publication

GOOD: dict[str, Any] = {
    "id": "T-1", "name": "t", "title": "T", "family": "aml", "on": ["deposit"], "explanation": "{x} against {n}",
    "params": {"n": 2}, "when": {"ge": [{"metric": "deposit", "as": "x", "of": "count", "days": 1}, {"param": "n"}]},
}  # fmt: skip


def staff(name: str, *permissions: str, **more: Any) -> User:
    user = User.objects.create(username=name, is_staff=True, **more)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule["id"])
def test_each_shipped_rule_hits_its_hits_and_misses_its_near_misses(rule: dict[str, Any]) -> None:
    results = run_fixtures(read_definition(rule), lists=shipped_lists())
    assert [each.is_right for each in results] == [True] * len(results)
    assert min(sum(each.fixture.is_hit for each in results), sum(not each.fixture.is_hit for each in results)) >= 2


def test_the_whole_catalogue_is_shipped() -> None:
    wanted = {f"AML-{number:02d}" for number in range(1, 30)} | {f"RG-{number:02d}" for number in range(1, 25)}
    assert {rule["id"] for rule in shipped_rules()} == wanted


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"when": {"exec": ["1"]}}, "no such operator: exec"),
        ({"when": {"ge": [{"metric": "__class__", "as": "y", "days": 1}, 1]}}, "no such metric"),
        ({"when": {"ge": [{"metric": "deposit", "as": "x", "days": 1}, "two"]}}, "wants a number, this is a text"),
        ({"when": {"ge": [{"metric": "deposit", "days": 1}, 1]}}, "needs a name of its own"),
        ({"when": {"ge": [{"metric": "deposit", "as": "x"}, 1]}}, "needs one window"),
        ({"when": {"ge": [{"metric": "login", "as": "x", "minutes": 5}, 1]}}, "not counted in slots"),
        ({"when": {"ge": [{"metric": "login", "as": "x", "days": 5, "exact": True}, 1]}}, "come from the ledger only"),
        ({"when": {"ge": [{"fact": "days_idle", "as": "x", "with": {"sql": "1"}}, 1]}}, "takes [], not ['sql']"),
        ({"when": {"ge": [{"param": "m"}, 1]}}, "no such parameter: m"),
        ({"when": {"add": [1, 2]}}, "a rule is true or false, this is a number"),
        ({"when": {"ge": [1]}}, "takes 2, not 1"),
        ({"on": ["full_moon"]}, "no such trigger"),
        ({"on": []}, "is never asked"),
        ({"on_unknown": "pass"}, "never a silent pass"),
        ({"outcome": "delete"}, "an outcome is one of"),
        ({"explanation": "{y} and {x.__class__}"}, "the explanation names"),
        ({"magnitude": "z"}, "no value is called z"),
        ({"overrides": [{"jurisdictions": ["GB"], "params": {"n": "two"}}]}, "n is a number"),
        ({"overrides": [{"jurisdictions": ["GB"], "params": {"k": 2}}]}, "an override of no parameter"),
        ({"params": {"n": 2, "currency": "DOLLARS"}}, "unknown currency"),
        ({"code": "import os"}, "does not understand ['code']"),
    ],
)
def test_a_definition_that_is_not_sound_is_refused_with_its_place(change: dict[str, Any], problem: str) -> None:
    read_definition(GOOD)
    with pytest.raises(DefinitionNotSound) as caught:
        read_definition({**GOOD, **change})
    assert problem in caught.value.detail


def test_a_tree_that_is_nested_without_end_is_refused() -> None:
    tree: Any = True
    for _ in range(5_000):
        tree = {"not": tree}
    with pytest.raises(DefinitionNotSound):
        read_definition({**GOOD, "when": tree})


def test_fixtures_are_demanded_and_a_wrong_one_is_named() -> None:
    with pytest.raises(DefinitionNotSound, match="0 hits and 0 near misses"):
        require_fixtures(read_definition(GOOD), lists={})
    fixtures = {
        "hits": [{"given": {"x": 2}}, {"name": "not enough", "given": {"x": 1}}],
        "near_misses": [{"given": {"x": 1}}, {"given": {}}],
    }
    with pytest.raises(DefinitionNotSound, match=r"not enough gave no hit; near miss 2 gave unknown"):
        require_fixtures(read_definition({**GOOD, "fixtures": fixtures}), lists={})


def test_what_is_unknown_decides_only_if_nothing_else_does() -> None:
    def said(op: str, *others: bool) -> Any:
        node = parse({op: [{"ge": [{"event": "amount"}, 1]}, *others]}, params={})
        return evaluate(node, StoredContext(inputs={}, params={})).value

    assert said("all", False) is False
    assert said("any", True) is True
    assert isinstance(said("all", True), Unknown)
    assert isinstance(said("any", False), Unknown)


def test_cheap_nodes_come_first_and_what_settles_stops_the_rest() -> None:
    fact = {"ge": [{"fact": "days_idle", "as": "idle"}, 1]}
    node = parse({"all": [fact, {"ge": [{"player": "age"}, 99]}]}, params={})
    done = evaluate(node, StoredContext(inputs={"player.age": Decimal(30)}, params={}))
    assert (done.value, done.trace["skipped"]) == (False, 1)
    assert set(done.inputs) == {"player.age"}


def test_what_is_absent_makes_a_comparison_false_and_nothing_divides_by_zero() -> None:
    assert applied(OPERATORS["gt"], [ABSENT, Decimal(1)]) is False
    assert applied(OPERATORS["ratio"], [Decimal(0), Decimal(0)]) == 0
    assert applied(OPERATORS["ratio"], [Decimal(1), Decimal(0)]) == Decimal("Infinity")


def test_parameters_follow_jurisdiction_risk_and_age_the_special_last() -> None:
    rules = {rule["id"]: read_definition(rule) for rule in shipped_rules()}
    limits = rules["RG-19"]
    assert limits.params_for(jurisdiction="SE", risk="low", age=30)["x"] == 10000
    assert limits.params_for(jurisdiction="NL", risk="low", age=30) == {"x": 350, "currency": "EUR"}
    assert limits.params_for(jurisdiction="NL", risk="low", age=23)["x"] == 150
    assert rules["AML-01"].params_for(jurisdiction="MT", risk="high")["n"] == 4
    assert rules["AML-01"].params_for(jurisdiction="MT", risk="low")["n"] == 5


@pytest.mark.django_db
def test_loading_shows_the_difference_first_and_never_touches_a_committed_version(capsys: Any) -> None:
    call_command("load_rules")
    assert Rule.objects.count() == 0
    assert "53 rules would be drafted" in capsys.readouterr().out
    call_command("load_rules", "--apply")
    assert "53 rules drafted" in capsys.readouterr().out
    version = RuleVersion.objects.get(rule_id="AML-02")
    author = staff("author", "monitoring.author_rule")
    commit_version(version_id=version.pk, author=author, now=clock.now())
    made = draft_with_params(
        version_id=version.pk, params={"amount": 1500}, author=author, note="x" * 5, now=clock.now()
    )
    assert made.number == 2
    call_command("load_rules")
    told = capsys.readouterr().out
    assert "AML-02: changed\n" in told
    assert "    params.amount: 1500 → 2000\n" in told
    load_catalogue(apply=True, now=clock.now())
    assert list(RuleVersion.objects.filter(rule_id="AML-02").values_list("number", "state")) == [
        (2, "draft"),
        (1, "committed"),
    ]


@pytest.mark.django_db
def test_a_committed_version_never_changes_whoever_tries() -> None:
    load_catalogue(apply=True, now=clock.now())
    version = RuleVersion.objects.get(rule_id="AML-02")
    commit_version(version_id=version.pk, author=staff("author", "monitoring.author_rule"), now=clock.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleVersion.objects.filter(pk=version.pk).update(definition={})
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleVersion.objects.filter(pk=version.pk).delete()


@pytest.mark.django_db
def test_two_people_put_a_version_live_and_the_one_before_retires() -> None:
    load_catalogue(apply=True, now=clock.now())
    author = staff("author", "monitoring.author_rule")
    both = staff("both", "monitoring.author_rule", "monitoring.publish_rule", is_superuser=True)
    approver = staff("approver", "monitoring.publish_rule")
    first = RuleVersion.objects.get(rule_id="AML-02")
    with pytest.raises(UnableToPublish):
        request_publication(version_id=first.pk, target="live", maker=author, reason="to begin", now=clock.now())
    commit_version(version_id=first.pk, author=author, now=clock.now())
    with pytest.raises(PermissionDenied):
        request_publication(version_id=first.pk, target="live", maker=approver, reason="to begin", now=clock.now())
    own = request_publication(version_id=first.pk, target="live", maker=both, reason="to begin", now=clock.now())
    with pytest.raises(ApprovalSecondPerson):
        decide_approval(request_id=own.pk, checker=both, approve=True, reason="I agree", now=clock.now())
    assert RuleVersion.objects.get(pk=first.pk).state == "committed"
    decide_approval(request_id=own.pk, checker=approver, approve=True, reason="I agree", now=clock.now())
    assert RuleVersion.objects.get(pk=first.pk).state == "live"
    second = draft_with_params(
        version_id=first.pk, params={"amount": 1500}, author=author, note="lower", now=clock.now()
    )
    commit_version(version_id=second.pk, author=author, now=clock.now())
    for target in ("shadow", "live"):
        asked = request_publication(version_id=second.pk, target=target, maker=author, reason="lower", now=clock.now())
        assert "It has not been back-tested." in asked.summary
        decide_approval(request_id=asked.pk, checker=approver, approve=True, reason="fine", now=clock.now())
    states = dict(RuleVersion.objects.filter(rule_id="AML-02").values_list("number", "state"))
    assert states == {1: "retired", 2: "live"}
    steps = [
        (each["target"], each["maker"], each["checker"]) for each in RuleVersion.objects.get(pk=second.pk).published_by
    ]
    assert steps == [("shadow", "author", "approver"), ("live", "author", "approver")]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["draft", "committed", "shadow", "live", "retired"])
@pytest.mark.parametrize("step", ["commit", "start_shadow", "go_live", "retire"])
def test_every_state_allows_its_own_steps_and_no_others(state: str, step: str) -> None:
    from django_fsm import can_proceed  # noqa: PLC0415 - used here only

    allowed = {
        "draft": {"commit", "retire"}, "committed": {"start_shadow", "go_live", "retire"},
        "shadow": {"go_live", "retire"}, "live": {"retire"}, "retired": set(),
    }  # fmt: skip
    version = RuleVersion(state=state, drafted_at=clock.now() - timedelta(days=1))
    assert can_proceed(getattr(version, step)) is (step in allowed[state])


def test_who_drafts_rules_does_not_publish_them() -> None:
    from apps.backoffice.roles import ROLES  # noqa: PLC0415 - used here only

    holders = {role.name: role.permissions for role in ROLES}
    assert not [name for name, has in holders.items() if {"monitoring.author_rule", "monitoring.publish_rule"} <= has]
    assert "monitoring.publish_rule" not in holders["mlro"]
