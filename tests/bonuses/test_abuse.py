"""Real claims, play and withdrawals set off the rules of bonus abuse; and what no move of a grant can undo."""

from datetime import UTC, datetime

import pytest
from django_fsm import TransitionNotAllowed

from apps.bonuses.models import Grant, OfferVersion
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.monitoring.models import Decision, Link
from apps.monitoring.reference import forget
from apps.players.models import Player
from apps.providers.models import Game
from tests.bonuses.scene import bet, claimed, fresh, publish, purse, terms_of, win, worked
from tests.factories.games import frontend_of, make_player
from tests.factories.withdrawals import lock_for_withdrawal
from tests.monitoring.scene import follow, put_live
from tests.providers.table import seated

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
_LEGAL = {
    ("offered", "claim"): "active", ("offered", "expire"): "expired", ("offered", "cancel"): "cancelled",
    ("active", "complete"): "completed", ("active", "forfeit"): "forfeited", ("active", "expire"): "expired",
    ("active", "cancel"): "cancelled",
}  # fmt: skip


def harvest(player: Player, code: str, caleta: Integration, game: Game) -> None:
    """Take a bonus, win with it, and leave with the money."""
    take(player, publish(terms_of(wagering={"times": "1"}), code=code), caleta, game)


def take(player: Player, version: OfferVersion, caleta: Integration, game: Game) -> None:
    """The same with an offer there is."""
    grant = claimed(frontend_of(player), version)
    vendor, round_ref = seated(player, caleta, game), uuid7().hex
    win(vendor, bet(vendor, 20, round_ref), 30, round_ref)
    worked()
    assert (fresh(grant).state, purse(player)) == ("completed", (30, 0))
    clock.advance(60)
    lock_for_withdrawal(player, Money(30_000_000, "EUR"))
    clock.advance(60)


@pytest.mark.django_db(transaction=True)
def test_linked_players_who_harvest_one_bonus_and_one_who_lives_on_bonuses_are_found(
    caleta: Integration, game: Game
) -> None:
    forget()
    put_live(now=clock.now())
    players = [make_player(name) for name in ("anna", "berta", "clara")]
    Link.objects.bulk_create(
        Link(player_id=each.pk, kind="device", value="d1", first_at=clock.now(), last_at=clock.now(), times=1)
        for each in players
    )
    version = publish(terms_of(wagering={"times": "1"}))
    for player in players[:2]:
        take(player, version, caleta, game)
    follow(clock.now())
    assert not Decision.objects.filter(rule_id__in=("AML-21", "AML-22"), result="hit").exists()
    take(players[2], version, caleta, game)
    harvest(players[2], "second", caleta, game)
    harvest(players[2], "third", caleta, game)
    follow(clock.now())
    found = set(Decision.objects.filter(result="hit").values_list("rule_id", "player_id"))
    assert {("AML-21", players[2].pk), ("AML-22", players[2].pk)} <= found
    assert ("AML-22", players[0].pk) not in found


@pytest.mark.parametrize("state", Grant.State.values)
@pytest.mark.parametrize("move", ["claim", "complete", "forfeit", "expire", "cancel"])
def test_a_grant_moves_only_where_it_may(state: str, move: str) -> None:
    terms: dict[str, dict[str, object]] = {
        "claim": {"wager_by": NOW, "transaction_id": uuid7(), "policy_version_id": None},
        "forfeit": {"reason": "player"},
        "cancel": {"reason": "staff"},
    }
    grant = Grant(state=state)
    if (state, move) not in _LEGAL:
        with pytest.raises(TransitionNotAllowed):
            getattr(grant, move)(at=NOW, **terms.get(move, {}))
        return
    getattr(grant, move)(at=NOW, **terms.get(move, {}))
    assert grant.state == _LEGAL[state, move]
