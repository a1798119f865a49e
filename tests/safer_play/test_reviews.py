"""L13: where the law wants it, players are asked to look at account and limits; L12: any amount, and none suggested."""

from datetime import timedelta

import pytest

from apps.compliance.holdings import holdings
from apps.core import clock
from apps.players.models import Player
from apps.safer_play.models import Review
from apps.safer_play.tasks import apply_due_limits
from tests.factories.players import problem
from tests.safer_play.scene import Frontend, frontend_of, load_policies, player_in

pytestmark = pytest.mark.django_db
ACCOUNT, NO_LIMIT = "account_and_transaction_review", "no_limit_set_review"
POUNDS = {"amount": "13.37", "currency": "GBP"}


def registered(law: str, days_ago: float, currency: str = "GBP") -> Player:
    load_policies()
    return player_in(law, currency=currency, registered_at=clock.now() - timedelta(days=days_ago))


def due(player: Player) -> list[str]:
    return [each["kind"] for each in frontend_of(player).call("get", "reviews").json()["results"]]


@pytest.mark.parametrize(
    ("days_ago", "kinds"), [(182.9, []), (183, [ACCOUNT]), (364.9, [ACCOUNT]), (365, [ACCOUNT, NO_LIMIT])]
)
def test_in_britain_players_are_asked_after_183_and_365_days(days_ago: float, kinds: list[str]) -> None:
    player = registered("GB", days_ago)
    assert due(player) == kinds


def test_where_no_law_wants_it_nobody_is_asked() -> None:
    player = registered("MT", 900, "EUR")
    assert due(player) == []
    problem(frontend_of(player).call("post", f"reviews/{ACCOUNT}"), 404, "review-not-due")


def test_who_has_looked_is_asked_again_after_as_many_days() -> None:
    player = registered("GB", 183)
    frontend = frontend_of(player)
    (asked,) = frontend.call("get", "reviews").json()["results"]
    assert asked["due_since"] <= clock.now().isoformat()
    assert frontend.call("post", f"reviews/{ACCOUNT}").status_code == 204
    assert due(player) == []
    problem(frontend.call("post", f"reviews/{ACCOUNT}"), 404, "review-not-due")
    clock.advance(181 * 24 * 3600)
    assert due(player) == []
    clock.advance(24 * 3600)  # a year after registration
    assert due(player) == [NO_LIMIT]
    clock.advance(24 * 3600)
    assert due(player) == [ACCOUNT, NO_LIMIT]
    (told,) = [list(each.export(player)) for each in holdings() if each.name == "limit_reviews"]
    assert [each["kind"] for each in told] == [ACCOUNT]


@pytest.mark.parametrize("kind", ["nonsense", NO_LIMIT])
def test_what_is_not_due_is_not_noted(kind: str) -> None:
    problem(frontend_of(registered("GB", 200)).call("post", f"reviews/{kind}"), 404, "review-not-due")
    assert not Review.objects.exists()


def test_who_has_a_limit_is_not_asked_for_one_until_a_year_after_it_has_gone() -> None:
    player = registered("GB", 800)
    frontend = frontend_of(player)
    # Any amount, to the penny; the platform suggests none: without limits the list is empty.
    assert frontend.call("get", "limits").json()["results"] == []
    answer = put(frontend, POUNDS)
    assert answer["effective"] == POUNDS
    assert due(player) == [ACCOUNT]
    assert put(frontend, None)["is_removal_pending"]
    clock.advance(2 * 24 * 3600)
    assert apply_due_limits() == 1
    assert frontend_of(player).call("get", "limits").json()["results"] == []
    assert due(player) == [ACCOUNT]
    clock.advance(365 * 24 * 3600)
    assert due(player) == [ACCOUNT, NO_LIMIT]


def put(frontend: Frontend, amount: dict[str, str] | None) -> dict[str, object]:
    reply = frontend.put_limit(kind="deposit", period="week", amount=amount)
    assert reply.status_code == 200, reply.content
    body: dict[str, object] = reply.json()
    return body
