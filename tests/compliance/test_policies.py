"""Which policy applies, on which day, at which age, to which brand."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.brands.models import Brand
from apps.compliance.policies import forget_policies, local_day, policy, policy_for
from apps.compliance.policy_changes import PolicyNotStricter, Terms, draft_policy
from tests.factories.games import make_player
from tests.factories.policies import load_matrix, put_in_force
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def test_the_british_limit_basis_is_gross_from_its_day_on() -> None:
    load_matrix()

    before = policy("deposit_limit_basis", jurisdiction="GB", on=date(2026, 9, 29))
    on = policy("deposit_limit_basis", jurisdiction="GB", on=date(2026, 9, 30))

    assert (on.value, on.jurisdiction, on.confidence, on.valid_from) == ("gross", "GB", "B", date(2026, 9, 30))
    assert (before.jurisdiction, before.value) == ("DE", "gross")  # the strictest modelled until then


def test_young_adults_meet_their_own_british_stake() -> None:
    load_matrix()

    stakes = {age: policy("max_stake", jurisdiction="GB", on=TODAY, age=age).value for age in (18, 24, 25, 60)}

    assert {age: [item["amount"] for item in items] for age, items in stakes.items()} == {
        18: [2], 24: [2], 25: [5], 60: [5],
    }  # fmt: skip


def test_an_age_that_nobody_knows_gets_every_band() -> None:
    load_matrix()

    assert [item["amount"] for item in policy("max_stake", jurisdiction="GB", on=TODAY).value] == [5, 2]


def test_the_young_adults_stake_began_six_weeks_later() -> None:
    load_matrix()

    between = policy("max_stake", jurisdiction="GB", on=date(2025, 5, 20), age=30)

    assert [item["amount"] for item in between.value] == [5]


def test_the_vulnerability_check_changed_its_threshold_overnight() -> None:
    load_matrix()

    def amounts(day: date) -> list[int]:
        return [item["amount"] for item in policy("affordability_check_threshold", jurisdiction="GB", on=day).value]

    assert (amounts(date(2025, 2, 27)), amounts(date(2025, 2, 28))) == ([500], [150])
    assert amounts(date(2024, 8, 29)) == []


@pytest.mark.parametrize(
    ("parameter", "jurisdiction", "value", "lender"),
    [
        # NL has no figure that is established: the longest modelled delay.
        ("limit_increase_delay_hours", "NL", 72, "SE"),
        # DK does not say; somewhere a player may not cancel.
        ("reverse_withdrawal_allowed", "DK", False, "GB"),
        # The German figure (168 h) is general knowledge and off.
        ("limit_increase_delay_hours", "DE", 72, "SE"),
        # A place nobody modelled.
        ("min_age", "BR", 19, "CA-ON"),
        ("limit_setting_mode", "BR", "mandatory", "DE"),
    ],
)
def test_a_jurisdiction_without_a_value_gets_the_strictest_modelled_one(
    parameter: str, jurisdiction: str, value: object, lender: str
) -> None:
    load_matrix()

    found = policy(parameter, jurisdiction=jurisdiction, on=TODAY)

    assert (found.value, found.jurisdiction) == (value, lender)
    assert found.version_id is not None
    assert jurisdiction in found.note


@pytest.mark.parametrize("parameter", ["statutory_deposit_cap", "national_register", "max_stake", "str_channel"])
def test_what_names_anothers_institution_money_or_pace_is_not_borrowed(parameter: str) -> None:
    load_matrix()

    found = policy(parameter, jurisdiction="BR", on=TODAY)

    assert (found.value, found.version_id) == (None, None)
    assert "not borrowed" in found.note


def test_general_knowledge_and_what_is_not_in_force_answers_nothing() -> None:
    load_matrix()

    assert policy("min_age", jurisdiction="US-NJ", on=TODAY).jurisdiction == "CA-ON"  # its own 21 is C
    assert policy("cross_operator_limit_service", jurisdiction="ES", on=TODAY).value is None  # approved only
    assert policy("rg_monitoring", jurisdiction="US-NJ", on=TODAY).jurisdiction != "US-NJ"  # proposed only


def test_a_rule_of_the_union_binds_a_member_state_without_one_of_its_own() -> None:
    load_matrix()
    put_in_force("EU", "dormancy_days", 700, valid_from=date(2027, 7, 10))

    assert policy("dormancy_days", jurisdiction="NL", on=date(2027, 7, 10)).jurisdiction == "EU"
    assert policy("dormancy_days", jurisdiction="NL", on=date(2027, 7, 9)).jurisdiction == "US-NJ"
    assert policy("dormancy_days", jurisdiction="GB", on=date(2027, 7, 10)).jurisdiction == "US-NJ"


def test_of_two_values_the_one_published_last_decides_on_its_days() -> None:
    put_in_force("MT", "min_age", 18, at=datetime(2026, 1, 1, tzinfo=UTC))
    put_in_force("MT", "min_age", 21, valid_from=date(2026, 6, 1), at=datetime(2026, 2, 1, tzinfo=UTC))

    ages = [policy("min_age", jurisdiction="MT", on=day).value for day in (date(2026, 5, 31), date(2026, 6, 1))]

    assert ages == [18, 21]


def test_a_brand_may_be_stricter_and_is_heard() -> None:
    brand = Brand.objects.create(code="aurora", name="Aurora")
    put_in_force("MT", "min_age", 18)
    put_in_force("MT", "min_age", 21, brand_id=brand.pk)

    assert policy("min_age", jurisdiction="MT", on=TODAY, brand_id=brand.pk).value == 21
    assert policy("min_age", jurisdiction="MT", on=TODAY, brand_id=brand.pk + 1).value == 18
    assert policy("min_age", jurisdiction="MT", on=TODAY).value == 18


def test_a_brands_rule_falls_silent_when_the_law_becomes_stricter() -> None:
    brand = Brand.objects.create(code="aurora", name="Aurora")
    put_in_force("MT", "limit_increase_delay_hours", 24)
    put_in_force("MT", "limit_increase_delay_hours", 48, brand_id=brand.pk)
    put_in_force("MT", "limit_increase_delay_hours", 72, valid_from=date(2026, 12, 1))

    def hours(day: date) -> int:
        return int(policy("limit_increase_delay_hours", jurisdiction="MT", on=day, brand_id=brand.pk).value)

    assert (hours(date(2026, 11, 30)), hours(date(2026, 12, 1))) == (48, 72)


@pytest.mark.parametrize(
    ("parameter", "law", "laxer", "stricter"),
    [
        ("min_age", 18, 17, 21),
        ("limit_increase_delay_hours", 24, 23, 25),
        ("autoplay_allowed", False, True, False),
        ("reverse_withdrawal_allowed", True, None, False),
        ("identity_verification_gate", "before_play", "at_cdd_threshold", "before_account"),
        ("timeout_durations", ["24h", "1w"], ["24h"], ["24h", "1w", "1month"]),
        (
            "cdd_threshold",
            {"amount": 2000, "currency": "EUR", "window_days": 180},
            {"amount": 2001, "currency": "EUR", "window_days": 180},
            {"amount": 1000, "currency": "EUR", "window_days": 180},
        ),
        (
            "cdd_threshold",
            {"amount": 2000, "currency": "EUR"},
            {"amount": 1000, "currency": "SEK"},  # cannot be compared
            {"amount": 1999, "currency": "EUR"},
        ),
        (
            "deposit_contact_threshold",
            [{"amount": 350, "currency": "EUR", "age_min": 24}, {"amount": 150, "currency": "EUR", "age_max": 23}],
            [{"amount": 350, "currency": "EUR", "age_min": 24}],  # forgets the young
            [{"amount": 300, "currency": "EUR", "age_min": 24}, {"amount": 100, "currency": "EUR", "age_max": 23}],
        ),
    ],
)
def test_a_brand_may_only_be_stricter(parameter: str, law: object, laxer: object, stricter: object) -> None:
    brand = Brand.objects.create(code="aurora", name="Aurora")
    put_in_force("MT", parameter, law)
    author = make_staff("olivia", "compliance.propose_policy")

    def draft(value: object) -> None:
        terms = Terms("MT", parameter, value, sources=("TEST",), brand_id=brand.pk)
        draft_policy(terms=terms, maker=author, now=NOW)

    draft(stricter)
    if laxer is not None:
        with pytest.raises(PolicyNotStricter):
            draft(laxer)


def test_a_player_is_asked_about_on_the_day_of_his_jurisdiction() -> None:
    put_in_force("MT", "min_age", 18)
    put_in_force("US-NJ", "min_age", 21, valid_from=date(2026, 12, 1))
    player = make_player()
    player.jurisdiction_id = "US-NJ"
    # Three in the morning in Malta, still yesterday in New Jersey.
    at = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)

    assert (local_day("US-NJ", at), local_day("MT", at)) == (date(2026, 11, 30), date(2026, 12, 1))
    assert policy_for("min_age", player=player, now=at).jurisdiction == "MT"
    assert policy_for("min_age", player=player, now=datetime(2026, 12, 1, 5, 0, tzinfo=UTC)).value == 21


def test_asking_again_costs_no_query() -> None:
    load_matrix()
    forget_policies()

    with CaptureQueriesContext(
        connection,
    ) as first:
        policy("min_age", jurisdiction="GB", on=TODAY)
    with CaptureQueriesContext(connection) as then:
        for jurisdiction in ("GB", "MT", "SE", "nowhere"):
            policy("reality_check", jurisdiction=jurisdiction, on=TODAY, age=30)
            local_day(jurisdiction, NOW)

    assert (len(first), len(then)) == (2, 0)
