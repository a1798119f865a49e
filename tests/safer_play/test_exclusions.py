"""Exclusions: effect at once on log-ins, games, bets, deposits and marketing; money stays the player's."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.brands.models import Market
from apps.compliance.approvals import ApprovalSecondPerson, decide_approval, request_approval
from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game, GameSession, Round
from apps.safer_play.exclusions import (
    ExclusionNotShortened,
    ExclusionTerms,
    exclude_by_staff,
    exclude_person,
    is_excluded,
    lengthen_exclusion,
)
from apps.safer_play.marketing import is_marketing_stopped
from apps.safer_play.models import Exclusion, ExclusionReturn
from apps.safer_play.returning import UnableToEndExclusion, end_exclusion_early, reject_return
from apps.safer_play.tasks import end_due_exclusions
from apps.transactions.models import Account
from tests.contracts.family import Vendor
from tests.factories.integrations import make_brand
from tests.factories.players import problem
from tests.providers.table import EURO, cash_of, seated, staff
from tests.safer_play.scene import Frontend, bet, frontend_of, limit, player_in, win

OK, BLOCKED = "RS_OK", "RS_ERROR_USER_DISABLED"
DAY = 24 * 3600


def exclude(frontend: Frontend, **body: Any) -> Any:
    return frontend.call("post", "exclusions", body)


def test_everything_stops_at_once_while_the_open_round_settles(
    player: Player, vendor: Vendor, frontend: Frontend
) -> None:
    other_device = frontend_of(player)
    assert bet(vendor, 10, "open", round_closed=False) == OK
    answer = exclude(frontend, kind="self_exclusion", months=6)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["kind"], answer.json()["state"]) == ("self_exclusion", "active")
    assert frontend.call("get", "me").status_code == 401
    assert other_device.call("get", "me").status_code == 401
    assert GameSession.objects.get().end_reason == "excluded"
    vendor.sent.append(vendor.sent[0])
    assert win(vendor, 25) == OK
    assert bet(vendor, 1, "next") == BLOCKED
    assert cash_of(player) == 1015 * EURO
    assert set(Round.objects.values_list("external_id", flat=True)) == {"open"}
    assert is_marketing_stopped(player.pk)


def test_bets_are_refused_for_the_exclusion_itself_not_only_because_the_session_ended(
    player: Player, vendor: Vendor
) -> None:
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="panic"), now=clock.now())
    GameSession.objects.update(ended_at=None, end_reason="")
    assert bet(vendor, 1, "r1") == BLOCKED


def test_games_can_not_be_opened_and_money_can_be_seen_after_a_new_log_in(
    player: Player, game: Game, frontend: Frontend
) -> None:
    exclude(frontend, kind="time_out", days=7)
    again = frontend_of(player)
    for mode in ("real", "demo"):
        body = {"mode": mode, "platform": "desktop"}
        refused = problem(again.call("post", f"games/{game.public_code}/launch", body), 403, "player-excluded")
        assert refused["kind"] == "time_out"
    assert again.call("get", "wallets").json()["results"][0]["withdrawable"]["amount"] == "1000.00"
    (listed,) = again.call("get", "exclusions").json()["results"]
    assert (listed["kind"], listed["state"]) == ("time_out", "active")


@pytest.mark.parametrize(
    ("body", "lasts"),
    [
        ({"kind": "panic"}, timedelta(hours=24)),
        ({"kind": "time_out", "days": 3}, timedelta(days=3)),
        ({"kind": "time_out", "hours": 24}, timedelta(days=1)),
        ({"kind": "self_exclusion", "days": 200}, timedelta(days=200)),
        ({"kind": "self_exclusion", "indefinite": True}, None),
    ],
)
def test_a_break_lasts_as_long_as_was_said(frontend: Frontend, body: dict[str, Any], lasts: timedelta | None) -> None:
    assert exclude(frontend, **body).status_code == 201
    found = Exclusion.objects.get()
    assert (found.ends_at - found.started_at if found.ends_at else None) == lasts


@pytest.mark.parametrize(("months", "years"), [(6, None), (1, None), (None, 5), (13, None)])
def test_months_and_years_are_the_calendars(frontend: Frontend, months: int | None, years: int | None) -> None:
    body = {"months": months} if months else {"years": years}
    assert exclude(frontend, kind="self_exclusion", **body).status_code == 201
    found = Exclusion.objects.get()
    assert found.ends_at is not None
    count = (months or 0) + 12 * (years or 0)
    apart = (found.ends_at.year - found.started_at.year) * 12 + found.ends_at.month - found.started_at.month
    assert (apart, found.ends_at.time()) == (count, found.started_at.time())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "time_out"}, 400, "validation-failed"),
        ({"kind": "time_out", "days": 3, "months": 1}, 400, "validation-failed"),
        ({"kind": "time_out", "days": 0}, 400, "validation-failed"),
        ({"kind": "time_out", "days": -3}, 400, "validation-failed"),
        ({"kind": "time_out", "days": 400}, 422, "exclusion-not-possible"),
        ({"kind": "time_out", "indefinite": True}, 422, "exclusion-not-possible"),
        ({"kind": "panic", "days": 1}, 400, "validation-failed"),
        ({"kind": "operator", "days": 1}, 400, "validation-failed"),
        ({"kind": "self_exclusion", "hours": 1}, 422, "exclusion-not-possible"),
    ],
)
def test_bad_input_excludes_nobody(frontend: Frontend, body: dict[str, Any], status: int, code: str) -> None:
    problem(exclude(frontend, **body), status, code)
    assert Exclusion.objects.count() == 0
    assert frontend.call("get", "me").status_code == 200


def test_in_britain_a_self_exclusion_lasts_half_a_year_at_least_and_goes_on_until_one_has_come_back(
    policies: None,
) -> None:
    player = player_in("GB", brand=make_brand(currencies=("GBP",)), currency="GBP")
    problem(exclude(frontend_of(player), kind="self_exclusion", months=2), 422, "exclusion-not-possible")
    assert exclude(frontend_of(player), kind="self_exclusion", months=6).status_code == 201
    clock.advance(200 * DAY)
    assert end_due_exclusions() == 0
    assert is_excluded(player.pk, now=clock.now())
    assert Exclusion.objects.get().holds


def test_a_break_can_be_lengthened_and_not_shortened(player: Player) -> None:
    now = clock.now()
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="time_out", lasts=timedelta(days=7)), now=now)
    with pytest.raises(ExclusionNotShortened):
        exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="time_out", lasts=timedelta(days=1)), now=now)
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="time_out", lasts=timedelta(days=9)), now=now)
    assert is_excluded(player.pk, now=now + timedelta(days=8))
    assert not is_excluded(player.pk, now=now + timedelta(days=9))


def test_play_goes_on_when_a_time_out_is_over_although_no_task_has_run(
    player: Player, caleta: Integration, game: Game
) -> None:
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="panic"), now=clock.now())
    clock.advance(DAY - 2)
    assert bet(seated(player, caleta, game), 1, "r1") == BLOCKED
    clock.advance(2.1)
    assert bet(seated(player, caleta, game), 1, "r2") == OK
    assert end_due_exclusions() == 1
    assert Exclusion.objects.get().state == "ended"


def test_the_end_of_an_exclusion_never_turns_marketing_on_again(player: Player, frontend: Frontend) -> None:
    exclude(frontend, kind="time_out", days=1)
    problem(frontend_of(player).call("put", "marketing", {"is_allowed": True}), 403, "player-excluded")
    clock.advance(2 * DAY)
    end_due_exclusions()
    again = frontend_of(player)
    assert again.call("get", "marketing").json() == {"is_allowed": False}
    assert again.call("put", "marketing", {"is_allowed": True}).json() == {"is_allowed": True}


def test_other_accounts_of_the_person_are_covered_at_every_brand_of_the_licence(
    player: Player, caleta: Integration, game: Game
) -> None:
    sister, stranger = make_brand("borealis"), make_brand("cumulus")
    Market.objects.filter(brand__in=(player.brand, sister)).update(licence="MGA/1")
    Market.objects.filter(brand=stranger).update(licence="MGA/2")
    person: dict[str, Any] = {
        "first_name": player.first_name,
        "last_name": player.last_name.upper(),
        "email": player.email,
    }
    linked = player_in("MT", username="astrid2", brand=sister, **person)
    elsewhere = player_in("MT", username="astrid3", brand=stranger, **person)
    namesake = player_in("MT", username="astrid4", brand=sister, email="else@example.com")
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="self_exclusion"), now=clock.now())
    excluded = {
        each.username for each in (player, linked, elsewhere, namesake) if is_excluded(each.pk, now=clock.now())
    }
    assert excluded == {"astrid", "astrid2"}
    follower = Exclusion.objects.get(player=linked)
    assert follower.origin == Exclusion.objects.get(player=player)
    clock.advance(2 * DAY)
    end_exclusion_early(exclusion_id=follower.origin.pk, actor=chief(), reason="Court order", now=clock.now())
    assert not is_excluded(linked.pk, now=clock.now())


def test_a_time_out_is_of_one_account(player: Player) -> None:
    sister = make_brand("borealis")
    Market.objects.update(licence="MGA/1")
    linked = player_in("MT", username="astrid2", brand=sister, email=player.email)
    exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="panic"), now=clock.now())
    assert not is_excluded(linked.pk, now=clock.now())


def two_people(command: str, payload: dict[str, Any], player: Player, reason: str) -> None:
    """One asks, another agrees."""
    maker = User.objects.create_superuser("maker")
    asked = request_approval(
        command=command, payload=payload, maker=maker, reason=reason, now=clock.now(), subject_player_id=player.pk
    )
    with pytest.raises(ApprovalSecondPerson):
        decide_approval(request_id=asked.pk, checker=maker, approve=True, reason="", now=clock.now())
    decide_approval(request_id=asked.pk, checker=chief(), approve=True, reason="", now=clock.now())


def test_two_people_end_a_self_exclusion_whose_shortest_term_is_over(player: Player, frontend: Frontend) -> None:
    exclude(frontend, kind="self_exclusion", days=400)
    found = Exclusion.objects.get()
    Exclusion.objects.update(earliest_return_at=clock.now() - timedelta(seconds=1))
    two_people(
        "safer_play.end_exclusion",
        {"exclusion": found.pk, "reason": "The doctor's letter of today"},
        player,
        "The doctor's letter of today",
    )
    assert not is_excluded(player.pk, now=clock.now())
    assert "The doctor's letter" in Exclusion.objects.get().end_reason


def test_nobody_can_even_ask_to_end_one_before_that(player: Player, frontend: Frontend) -> None:
    exclude(frontend, kind="self_exclusion", days=400)
    with pytest.raises(UnableToEndExclusion):
        two_people("safer_play.end_exclusion", {"exclusion": Exclusion.objects.get().pk}, player, "He asks nicely")
    assert is_excluded(player.pk, now=clock.now())


def test_one_person_may_say_no_to_a_return(player: Player, frontend: Frontend) -> None:
    exclusion = exclude(frontend, kind="self_exclusion", days=2).json()["id"]
    Exclusion.objects.update(earliest_return_at=clock.now() - timedelta(seconds=1))
    frontend_of(player).call("post", f"exclusions/{exclusion}/return", {"reason": "Well again"})
    reject_return(return_id=ExclusionReturn.objects.get().pk, actor=chief(), note="Not yet", now=clock.now())
    assert ExclusionReturn.objects.get().state == "rejected"
    assert is_excluded(player.pk, now=clock.now())


def chief() -> User:
    user = User.objects.filter(username="chief").first()
    return user or User.objects.create_superuser("chief")


def test_staff_exclude_with_the_permission_and_at_their_brands_only(player: Player) -> None:
    officer = staff("officer", "exclude_player")
    officer.brand_scopes.all().delete()
    terms: dict[str, Any] = {"player_id": player.pk, "lasts": None, "reason": "Harm", "now": clock.now()}
    with pytest.raises(PermissionDenied):
        exclude_by_staff(actor=officer, **terms)
    assert Exclusion.objects.count() == 0
    officer.brand_scopes.create(brand=player.brand)
    found = exclude_by_staff(actor=officer, **terms)
    assert (found.kind, found.ends_at, found.actor) == ("operator", None, "officer")


@pytest.mark.parametrize("kind", ["panic", "time_out", "register"])
def test_nobody_ends_what_ends_by_its_own_time(player: Player, kind: str) -> None:
    lasts = timedelta(days=3) if kind == "time_out" else None
    found = exclude_person(player_id=player.pk, terms=ExclusionTerms(kind=kind, lasts=lasts), now=clock.now())
    with pytest.raises(UnableToEndExclusion):
        end_exclusion_early(exclusion_id=found.pk, actor=chief(), reason="Please", now=clock.now())
    assert is_excluded(player.pk, now=clock.now())


def test_staff_lengthen_an_exclusion_and_never_shorten_it(player: Player) -> None:
    now = clock.now()
    found = exclude_person(
        player_id=player.pk, terms=ExclusionTerms(kind="self_exclusion", lasts=timedelta(days=30)), now=now
    )
    with pytest.raises(ExclusionNotShortened):
        lengthen_exclusion(
            exclusion_id=found.pk, ends_at=now + timedelta(days=29), actor=chief(), reason="Shorter", now=now
        )
    lengthen_exclusion(exclusion_id=found.pk, ends_at=now + timedelta(days=60), actor=chief(), reason="Longer", now=now)
    assert is_excluded(player.pk, now=now + timedelta(days=59))


def test_in_malta_coming_back_takes_a_reason_a_decision_and_a_while(player: Player, frontend: Frontend) -> None:
    exclusion = exclude(frontend, kind="self_exclusion", indefinite=True).json()["id"]
    problem(
        frontend_of(player).call("post", f"exclusions/{exclusion}/return", {"reason": "Better"}),
        409,
        "return-not-possible",
    )
    clock.advance(2 * DAY)
    again = frontend_of(player)
    problem(again.call("post", f"exclusions/{exclusion}/return"), 409, "return-not-possible")
    asked = again.call("post", f"exclusions/{exclusion}/return", {"reason": "I am well"})
    assert asked.json()["return_state"] == "requested"
    problem(again.call("post", f"exclusions/{exclusion}/return", {"reason": "Again"}), 409, "return-not-possible")
    request = ExclusionReturn.objects.get()
    assert request.decide_by == request.requested_at + timedelta(days=7)
    two_people("safer_play.accept_return", {"return": request.pk}, player, "Spoke with her")
    clock.advance(7 * DAY - 2)
    assert end_due_exclusions() == 0
    clock.advance(3)
    assert end_due_exclusions() == 1
    found = Exclusion.objects.get()
    assert (found.state, found.end_reason) == ("ended", "Came back")
    assert found.watched_until is not None
    assert found.ended_at is not None
    assert found.watched_until - found.ended_at == timedelta(days=30)
    assert not is_excluded(player.pk, now=clock.now())


def test_who_has_asked_to_come_back_may_stay_away_after_all(player: Player, frontend: Frontend) -> None:
    exclusion = exclude(frontend, kind="self_exclusion", days=2).json()["id"]
    clock.advance(2 * DAY - 60)
    problem(frontend_of(player).call("delete", f"exclusions/{exclusion}/return"), 409, "return-not-possible")
    assert Account.objects.filter(player_id=player.pk, balance=1000 * EURO).count() == 1
    limit(player, "loss", "5", "day")
