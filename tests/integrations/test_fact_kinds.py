"""Kinds of facts are declared once: what is recorded, followed or told otherwise is found before it is live."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from pytest_django import Settings
from structlog.testing import capture_logs

from apps.integrations import fact_kinds
from apps.integrations.fact_checks import check_facts
from apps.integrations.fact_kinds import FactNotDeclared, declare_facts, declared_kinds, follow_facts, forget_kinds
from apps.integrations.outbox import consume, record_fact
from apps.integrations.outgoing import catalogue
from apps.monitoring import intake

KIND = "tests.thing.happened"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    declare_facts([KIND], {"number": int, "when": str | None}, {"note": str})
    yield
    forget_kinds([KIND])


def tell(kind: str = KIND, **data: Any) -> None:
    record_fact(kind=kind, brand_code="aurora", data=data, now=NOW)


def facts() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM integrations_fact WHERE kind LIKE 'tests.%'")
        (count,) = cursor.fetchone()
    return int(count)


def test_this_code_base_follows_and_tells_only_what_it_records() -> None:
    assert [each for each in run_checks() if (each.id or "").startswith("integrations.")] == []


@pytest.mark.django_db
def test_a_fact_as_declared_is_recorded() -> None:
    tell(number=1, when=None)
    tell(number=1, when="2026-11-25", note="seen")
    assert facts() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        ("tests.thing.hapened", {}, "nobody declares"),
        (KIND, {"number": 1}, "lacks when"),
        (KIND, {"number": 1, "when": None, "extra": 1}, "does not declare extra"),
        (KIND, {"number": "1", "when": None}, "another type in number"),
        (KIND, {"number": True, "when": None}, "another type in number"),
        (KIND, {"number": 1, "when": 5}, "another type in when"),
    ],
)
def test_a_fact_other_than_declared_is_refused_and_nothing_recorded(
    kind: str, data: dict[str, Any], fault: str
) -> None:
    with pytest.raises(FactNotDeclared, match=fault):
        tell(kind, **data)
    assert facts() == 0


@pytest.mark.django_db
def test_in_production_a_mistake_is_logged_and_the_payment_goes_on(settings: Settings) -> None:
    settings.STRICT_FACTS = False
    with capture_logs() as logs:
        tell(number="1", when=None)
    assert facts() == 1
    assert [each["fault"] for each in logs if each["event"] == "fact_not_declared"] == [
        f"{KIND} has another type in number"
    ]


def test_two_apps_cannot_mean_different_things_by_one_kind() -> None:
    with pytest.raises(ValueError, match="two apps declare"):
        declare_facts([KIND], {"number": str})


@pytest.mark.django_db
def test_a_follower_of_what_nobody_records_is_found_at_start_and_when_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_kinds, "_followers", dict(fact_kinds._followers))
    follow_facts("tests", ["screening.hit", KIND])
    assert [(each.id, each.msg) for each in check_facts()] == [
        ("integrations.E101", "tests follows screening.hit, which nobody records")
    ]
    with pytest.raises(FactNotDeclared, match=r"screening\.hit"):
        consume(consumer="tests", handle=lambda _: None, kinds=["screening.hit"])


def test_what_is_told_outside_is_always_in_the_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_kinds", dict(catalogue._kinds))
    catalogue.register_event(KIND, "It happened.", {"number": catalogue.TEXT, "note": catalogue.TEXT})
    catalogue.register_event("tests.other", "It happened too.")
    assert {each.id: each.msg for each in check_facts()} == {
        "integrations.E103": f"{KIND} is told with note, which the fact may lack",
        "integrations.E102": "operators are told of tests.other, which nobody records",
    }


def test_every_value_that_rules_read_of_facts_is_in_some_fact_they_follow() -> None:
    told = set[str]()
    for kind in intake.KINDS:
        found = fact_kinds.fact_kind(kind)
        assert found is not None, kind
        told |= found.names
    assert set(intake._KEPT) - told == set()


def test_no_declared_kind_is_called_like_another_but_for_its_ending() -> None:
    """Each kind is `<app>.<thing>.<what>` or `<app>.<what>` in lower case."""
    for kind in declared_kinds():
        words = kind.split(".")
        assert 2 <= len(words) <= 3, kind
        assert all(word.isidentifier() and word == word.lower() for word in words), kind
