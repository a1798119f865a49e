"""GET and PUT limits, as frontends call them."""

import pytest

from apps.core import clock
from apps.players.models import Player
from apps.safer_play.models import Limit
from apps.safer_play.tasks import apply_due_limits
from tests.contracts.family import Vendor
from tests.factories.games import make_player
from tests.factories.players import problem
from tests.safer_play.scene import Frontend, bet, euros, frontend_of


def deposits(amount: str, period: str = "week") -> dict[str, object]:
    return {"kind": "deposit", "period": period, "amount": euros(amount)}


def test_a_first_limit_is_in_force_at_once(frontend: Frontend) -> None:
    answer = frontend.put_limit(**deposits("100.00"))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["kind"], body["period"], body["set_by"]) == ("deposit", "week", "player")
    assert body["effective"] == body["amount"] == body["headroom"] == euros("100.00")
    assert (body["pending"], body["pending_from"], body["used"]) == (None, None, euros("0.00"))


def test_an_increase_is_answered_with_what_waits_and_until_when(frontend: Frontend, player: Player) -> None:
    frontend.put_limit(**deposits("100.00"))
    body = frontend.put_limit(**deposits("250.00")).json()
    assert (body["effective"], body["pending"], body["pending_state"]) == (
        euros("100.00"), euros("250.00"), "pending",
    )  # fmt: skip
    assert body["pending_from"] is not None
    clock.advance(24 * 3600 + 1)
    frontend = frontend_of(player)
    (listed,) = frontend.call("get", "limits").json()["results"]
    assert (listed["effective"], listed["pending"], listed["pending_from"]) == (euros("250.00"), None, None)
    assert apply_due_limits() == 1
    assert frontend.call("get", "limits").json()["results"][0]["effective"] == euros("250.00")
    assert apply_due_limits() == 0


def test_a_decrease_is_in_force_at_once(frontend: Frontend) -> None:
    frontend.put_limit(**deposits("100.00"))
    frontend.put_limit(**deposits("300.00"))
    body = frontend.put_limit(**deposits("40.00")).json()
    assert (body["effective"], body["pending"]) == (euros("40.00"), None)


def test_a_removal_waits(frontend: Frontend, player: Player) -> None:
    frontend.put_limit(**deposits("100.00"))
    body = frontend.put_limit(kind="deposit", period="week", amount=None).json()
    assert (body["effective"], body["pending"], body["is_removal_pending"]) == (euros("100.00"), None, True)
    assert body["pending_from"] is not None
    clock.advance(24 * 3600 + 1)
    assert frontend_of(player).call("get", "limits").json()["results"] == []


def test_a_change_that_waits_can_be_taken_back_once(frontend: Frontend) -> None:
    frontend.put_limit(**deposits("100.00"))
    change = frontend.put_limit(**deposits("200.00")).json()["pending_id"]
    assert frontend.call("delete", f"limits/changes/{change}").status_code == 204
    problem(frontend.call("delete", f"limits/changes/{change}"), 404, "no-such-limit")
    assert frontend.call("get", "limits").json()["results"][0]["pending"] is None


def test_a_session_limit_takes_minutes(frontend: Frontend) -> None:
    body = frontend.put_limit(kind="session", period="day", amount=None, minutes=90).json()
    assert (body["effective"], body["minutes"], body["amount"]) == (90, 90, None)
    body = frontend.put_limit(kind="session", period="day", minutes=120).json()
    assert (body["effective"], body["pending"]) == (90, 120)


def test_use_is_shown_with_the_end_of_the_period(frontend: Frontend, vendor: Vendor) -> None:
    frontend.put_limit(kind="wager", period="day", amount=euros("10.00"))
    assert bet(vendor, 4, "r1") == "RS_OK"
    (listed,) = frontend.call("get", "limits").json()["results"]
    assert (listed["used"], listed["headroom"]) == (euros("4.00"), euros("6.00"))
    assert listed["period_ends_at"] > clock.now().isoformat()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "stake", "period": "day", "amount": euros("5.00")}, 422, "limit-not-possible"),
        ({"kind": "deposit", "period": None, "amount": euros("5.00")}, 422, "limit-not-possible"),
        ({"kind": "deposit", "period": "year", "amount": euros("5.00")}, 400, "validation-failed"),
        ({"kind": "happiness", "period": "day", "amount": euros("5.00")}, 400, "validation-failed"),
        ({"kind": "loss", "period": "day", "amount": euros("-5.00")}, 400, "validation-failed"),
        ({"kind": "loss", "period": "day", "amount": {"amount": 5, "currency": "EUR"}}, 400, "validation-failed"),
        ({"kind": "loss", "period": "day", "amount": euros("5.001")}, 400, "validation-failed"),
        ({"kind": "loss", "period": "day", "amount": {"amount": "5", "currency": "XXX"}}, 400, "validation-failed"),
        ({"kind": "session", "period": "day", "minutes": 0}, 400, "validation-failed"),
        ({"kind": "session", "period": "day", "minutes": 10**9}, 400, "validation-failed"),
        ({"kind": "loss", "period": "day", "minutes": 10}, 422, "limit-not-possible"),
        ({"kind": "loss", "period": "day", "amount": None}, 404, "no-such-limit"),
        ({}, 400, "validation-failed"),
    ],
)
def test_bad_input_gets_a_clear_refusal_and_sets_nothing(
    frontend: Frontend, body: dict[str, object], status: int, code: str
) -> None:
    problem(frontend.put_limit(**body), status, code)
    assert Limit.objects.count() == 0


def test_the_same_request_twice_changes_nothing_more(frontend: Frontend) -> None:
    first = frontend.put_limit(**deposits("100.00")).json()
    assert frontend.put_limit(**deposits("100.00")).json() == first
    assert Limit.objects.count() == 1


def test_a_player_sees_his_own_limits_only(frontend: Frontend, player: Player) -> None:
    frontend.put_limit(**deposits("100.00"))
    change = frontend.put_limit(**deposits("200.00")).json()["pending_id"]
    other = frontend_of(make_player("other", brand=player.brand))
    assert other.call("get", "limits").json()["results"] == []
    problem(other.call("delete", f"limits/changes/{change}"), 404, "no-such-limit")
    problem(other.call("post", f"limits/changes/{change}"), 404, "no-such-limit")
