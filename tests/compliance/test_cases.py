"""Working a case: claims, the clock, waiting, handing over, links, blueprints."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from apps.compliance.blueprints import UnsoundBlueprint, current_blueprint, publish_blueprint
from apps.compliance.cases import claims, linking, waiting
from apps.compliance.cases.clock import used_seconds
from apps.compliance.cases.steps import CaseHeldByAnother, CaseUnknown, UnableToDoThat
from apps.compliance.cases.sweeps import warn
from apps.compliance.models import Case, CaseHold, CaseNotice, ClockInterval
from apps.compliance.queues import unwatched_queues
from apps.compliance.working_time import add_working, working_seconds
from apps.players.models import Player
from tests.compliance.held_case import case, fresh, mlro, player, restrict
from tests.factories.cases import NOW, after, case_of, colleague, hit
from tests.factories.games import make_player

__all__ = ["case", "mlro", "player"]

OFFICE = {"timezone": "Europe/Malta", "days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00"}


# Claims


def test_the_next_case_is_the_most_pressing_one_that_is_free(mlro: User, player: Player) -> None:
    low, high, urgent = (
        case_of(hit(make_player(name), severity=severity))
        for name, severity in (("a", "low"), ("b", "critical"), ("c", "medium"))
    )
    Case.objects.filter(pk=urgent.pk).update(urgency=Case.Urgency.BREACHED)
    given = [claims.claim_next(actor=mlro, now=NOW) for _ in range(4)]
    assert given == [urgent.pk, high.pk, low.pk, None]
    taken = fresh(high)
    assert (taken.holder, taken.stage, taken.claim_expires_at) == (mlro, "investigation", after(minutes=240))
    assert list(taken.events.values_list("kind", "actor_name"))[-1] == ("claimed", "mlro")


def test_nobody_is_given_more_than_one_may_hold(mlro: User, player: Player) -> None:
    publish_blueprint(code="aml", changes={"capacity": 2}, reason="Test", publisher=None, now=NOW)
    cases = [case_of(hit(make_player(name))) for name in "abc"]
    assert [claims.claim_next(actor=mlro, now=NOW) for _ in range(3)] == [cases[0].pk, cases[1].pk, None]
    with pytest.raises(claims.CapacityReached):
        claims.claim_case(case_id=cases[2].pk, actor=mlro, now=NOW)


def test_who_prepared_a_second_review_is_not_offered_it(case: Case, mlro: User) -> None:
    waiting.escalate_case(case_id=case.pk, reason="Second look", actor=mlro, now=NOW, to="second_review")
    assert claims.claim_next(actor=mlro, now=NOW) is None
    other = colleague("mlro", "deputy", brand=case.brand)
    assert claims.claim_next(actor=other, now=NOW) == case.pk
    with pytest.raises(claims.NotEligible):
        claims.reassign_case(case_id=case.pk, to=mlro, reason="Back to you", actor=other, now=NOW)


def test_a_held_case_is_not_taken_away(case: Case) -> None:
    other = colleague("investigator", brand=case.brand)
    with pytest.raises(CaseHeldByAnother):
        claims.claim_case(case_id=case.pk, actor=other, now=NOW)
    with pytest.raises(CaseHeldByAnother):
        claims.reassign_case(case_id=case.pk, to=other, reason="Mine now", actor=other, now=NOW)
    with pytest.raises(CaseHeldByAnother):
        restrict(case, other, "play")
    assert str(fresh(case).holder) == "mlro"


def test_a_claim_that_nobody_touches_goes_back(case: Case, mlro: User) -> None:
    waiting.add_note(case_id=case.pk, text="Looking", actor=mlro, now=after(minutes=100))
    assert claims.expire_claims(now=after(minutes=339)) == 0
    assert claims.expire_claims(now=after(minutes=340)) == 1
    assert fresh(case).holder is None
    assert CaseNotice.objects.filter(user=mlro, kind="claim-expired").count() == 1


def test_many_cases_are_given_out_and_refusals_do_not_stop_the_others(mlro: User, player: Player) -> None:
    cases = [case_of(hit(make_player(name))) for name in "abc"]
    analyst = colleague("compliance_analyst", brand=player.brand)
    harm = case_of(hit(player, blueprint="harm"))
    given, refused = claims.assign_cases(
        case_ids=[each.pk for each in [*cases, harm]], to=analyst, reason="Monday", actor=mlro, now=NOW
    )
    assert (given, len(refused)) == (3, 1)
    assert Case.objects.filter(holder=analyst).count() == 3
    with pytest.raises(PermissionDenied):
        claims.assign_cases(case_ids=[cases[0].pk], to=mlro, reason="Back", actor=analyst, now=NOW)


# The clock


@pytest.mark.parametrize(
    ("start", "seconds", "end"),
    [
        ("2026-11-25 09:00", 3600, "2026-11-25 10:00"),
        ("2026-11-27 16:30", 3600, "2026-11-30 07:30"),  # Friday evening → Monday morning, Malta is UTC+1
        ("2026-10-23 15:30", 7200, "2026-10-26 08:30"),  # over the end of summer time
        ("2026-03-27 16:30", 7200, "2026-03-30 07:30"),  # over its beginning
    ],
)
def test_working_time_ends_and_begins_with_the_office(start: str, seconds: int, end: str) -> None:
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC)
    ends = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert add_working(OFFICE, begins, seconds) == ends
    assert working_seconds(OFFICE, begins, ends) == seconds


def test_the_clock_stands_while_the_player_is_awaited(case: Case, mlro: User) -> None:
    waiting.await_player(case_id=case.pk, what="Payslip", actor=mlro, now=after(hours=2))
    standing = fresh(case)
    assert (standing.state, standing.due_at, standing.warn_at) == ("awaiting_player", None, None)
    waiting.take_up(case_id=case.pk, reason="It came", actor=mlro, now=after(days=5, hours=2))
    running = fresh(case)
    assert used_seconds(running, now=after(days=5, hours=2)) == 7200
    # Eight of ten working hours are left: from Monday 11:00 UTC (12:00 in Malta) six that day and two on Tuesday.
    assert running.due_at == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert list(ClockInterval.objects.values_list("working_seconds", "why_stopped")) == [(7200, "awaiting-player")]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ClockInterval.objects.update(working_seconds=0)


def test_a_player_who_does_not_answer_brings_it_back(case: Case, mlro: User) -> None:
    waiting.await_player(case_id=case.pk, what="Payslip", actor=mlro, now=NOW)
    assert waiting.return_from_player(now=after(days=13)) == 0
    assert waiting.return_from_player(now=after(days=14)) == 1
    assert fresh(case).state == "open"


def test_half_and_four_fifths_warn_once_each(case: Case, mlro: User) -> None:
    kinds = []
    for minutes in (299, 300, 301, 480, 481, 540):
        warn(now=after(minutes=minutes))
        kinds.append(fresh(case).urgency)
    assert kinds == [0, 1, 1, 2, 2, 2]  # the office closes after 480 minutes; two working hours are left
    warn(now=datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
    assert fresh(case).urgency == Case.Urgency.BREACHED
    assert list(CaseNotice.objects.order_by("id").values_list("kind", flat=True)) == [
        "sla-50",
        "sla-80",
        "sla-breached",
    ]


def test_dutch_harm_cases_have_sixty_minutes_day_and_night(db: None) -> None:
    from apps.brands.models import Jurisdiction  # noqa: PLC0415 - only here

    Jurisdiction.objects.get_or_create(code="NL", defaults={"name": "Netherlands", "timezone": "Europe/Amsterdam"})
    sunday_night = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
    case = case_of(hit(make_player("nel", jurisdiction_id="NL"), blueprint="harm", severity="low", now=sunday_night))
    assert case.due_at == sunday_night + timedelta(minutes=60)


def test_a_case_can_not_sleep_beyond_its_due_time(case: Case, mlro: User) -> None:
    with pytest.raises(UnableToDoThat, match="due at"):
        waiting.snooze_case(case_id=case.pk, until=after(days=3), reason="Later", actor=mlro, now=NOW)
    waiting.snooze_case(case_id=case.pk, until=after(hours=3), reason="Later", actor=mlro, now=NOW)
    assert claims.claim_next(actor=mlro, now=after(hours=2)) is None
    assert claims.claim_next(actor=mlro, now=after(hours=3)) == case.pk


# Links


def test_links_are_said_in_both_cases_and_only_to_cases_one_may_see(case: Case, mlro: User) -> None:
    other = case_of(hit(make_player("bo")))
    linking.link_cases(case_id=case.pk, other_id=other.pk, reason="Same device", actor=mlro, now=NOW)
    assert "linked" in case.events.values_list("kind", flat=True)
    assert "linked" in other.events.values_list("kind", flat=True)
    harm = case_of(hit(make_player("cy"), blueprint="harm"))
    with pytest.raises(CaseUnknown):
        linking.link_cases(case_id=case.pk, other_id=harm.pk, reason="Same device", actor=mlro, now=NOW)
    with pytest.raises(UnableToDoThat):
        linking.link_cases(case_id=case.pk, other_id=other.pk, reason="Again", actor=mlro, now=NOW)


def test_a_merged_case_hands_over_alerts_and_holds(case: Case, mlro: User) -> None:
    restrict(case, mlro, "withdrawal")
    into = case_of(hit(case.player, blueprint="fraud", dedupe_key="FR-1", severity="high"))
    linking.merge_case(case_id=case.pk, into_id=into.pk, reason="One story", actor=mlro, now=NOW)
    merged = fresh(case)
    assert (merged.state, merged.resolution, merged.merged_into) == ("resolved", "merged", into)
    assert into.alerts.count() == 2
    assert CaseHold.objects.get(closed_at=None).case == into
    again = hit(case.player, now=after(hours=1))
    assert again.case_id == into.pk


# Blueprints


def test_an_open_case_keeps_the_blueprint_it_was_opened_by(case: Case) -> None:
    newer = publish_blueprint(
        code="aml", changes={"min_narrative": 400}, reason="More words", publisher=None, now=after(hours=1)
    )
    assert (newer.version, current_blueprint("aml").pk) == (2, newer.pk)
    assert fresh(case).blueprint.min_narrative == 40
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        type(newer).objects.update(min_narrative=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"sla_minutes": {"low": 1}}, {"sla_minutes": {"low": 0, "medium": 1, "high": 1, "critical": 1}},
        {"resolutions": []}, {"resolutions": ["merged"]}, {"reason_codes": []}, {"second_person_for": ["fly"]},
        {"escalates_to": "nowhere"}, {"favourite_colour": "red"},
    ],
)  # fmt: skip
def test_an_unsound_blueprint_is_not_published(changes: dict[str, Any], db: None) -> None:
    with pytest.raises(UnsoundBlueprint):
        publish_blueprint(code="aml", changes=changes, reason="Test", publisher=None, now=NOW)
    assert current_blueprint("aml").version == 1


def test_a_queue_that_nobody_watches_is_reported(player: Player) -> None:
    hit(player, blueprint="harm")
    assert unwatched_queues() == ["harm"]
    colleague("rg_officer", brand=player.brand)
    assert unwatched_queues() == []
