"""The ladder: what is done about signs of harm, once, with evidence, and what came of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from apps.core import clock
from apps.core.money import Money
from apps.integrations.outbox import Fact, consume
from apps.players.models import Player
from apps.safer_play.interactions import (
    InteractionUnproven,
    NoSuchInteraction,
    close_interaction,
    start_interaction,
)
from apps.safer_play.limit_terms import Terms
from apps.safer_play.marketing import is_marketing_stopped
from apps.safer_play.models import Interaction, Limit
from apps.safer_play.tasks import measure_interactions
from tests.contracts.family import Vendor
from tests.providers.table import EURO, staff
from tests.safer_play.scene import bet, win

DAY = 24 * 3600


def start(player: Player, action: str, **terms: object) -> Interaction:
    given: dict[str, object] = {
        "player_id": player.pk,
        "trigger": "RG-01",
        "trigger_text": "Deposited 900 EUR in a week, three times the usual",
        "action": action,
        "channel": "system",
        "dedupe_key": f"RG-01:{player.pk}",
        "now": clock.now(),
    }
    return start_interaction(**(given | terms))  # type: ignore[arg-type]


def test_a_trigger_starts_one_interaction_however_often_it_fires(player: Player) -> None:
    first = start(player, "contact")
    assert start(player, "contact").pk == first.pk
    assert (first.state, first.due_at - first.started_at) == ("open", timedelta(hours=1))


def test_an_interaction_is_done_only_with_evidence(player: Player) -> None:
    started = start(player, "contact")
    terms: dict[str, Any] = {"interaction_id": started.pk, "state": "done", "outcome": "Rests", "actor": "officer"}
    with pytest.raises(InteractionUnproven):
        close_interaction(evidence=" ", now=clock.now(), **terms)
    assert Interaction.objects.get().state == "open"
    close_interaction(evidence="Call 4711", now=clock.now(), **terms)
    assert Interaction.objects.get().evidence == "Call 4711"
    with pytest.raises(NoSuchInteraction):
        close_interaction(evidence="Call 4712", now=clock.now(), **terms)


def test_the_platform_lowers_a_limit_by_itself_and_the_next_bet_obeys(player: Player, vendor: Vendor) -> None:
    done = start(player, "limit", terms=Terms(kind="loss", period="day", money=Money.parse("5", "EUR")))
    limit = Limit.objects.get()
    assert (done.state, done.limit_id, done.evidence) == ("done", limit.pk, f"Limit {limit.public_id}")
    assert limit.set_by == "operator"
    assert bet(vendor, 6, "r1") == "RS_ERROR_BET_LIMIT_EXCEEDED"


def test_the_platform_stops_marketing_by_itself(player: Player) -> None:
    assert start(player, "marketing_stop").state == "done"
    assert is_marketing_stopped(player.pk)


def test_what_came_of_it_is_measured_a_fortnight_later(player: Player, vendor: Vendor) -> None:
    assert bet(vendor, 10, "r1") == "RS_OK"
    assert win(vendor, 4) == "RS_OK"
    clock.advance(60)
    started = start(player, "contact")
    assert started.before["money"] == {"EUR": {"staked": 10 * EURO, "lost": 6 * EURO, "bets": 1}}
    close_interaction(
        interaction_id=started.pk, state="done", outcome="Spoke", evidence="Call 1", actor="officer", now=clock.now()
    )
    assert bet(vendor, 2, "r2") == "RS_OK"
    assert measure_interactions() == 0
    clock.advance(14 * DAY + 1)
    assert bet(vendor, 7, "r3") == "RS_OK"
    assert measure_interactions() == 1
    after = Interaction.objects.get().after
    assert after is not None
    assert after["money"] == {"EUR": {"staked": 2 * EURO, "lost": 2 * EURO, "bets": 1}}


def test_staff_need_the_permission_and_the_brand(player: Player) -> None:
    officer = staff("officer", "record_interaction")
    officer.brand_scopes.all().delete()
    with pytest.raises(PermissionDenied):
        start(player, "message", actor=officer)
    officer.brand_scopes.create(brand=player.brand)
    assert start(player, "message", actor=officer).started_by == "officer"


@pytest.mark.django_db(transaction=True)
def test_facts_tell_followers_what_happened() -> None:
    from tests.factories.integrations import make_brand  # noqa: PLC0415 - only here
    from tests.safer_play.scene import limit, load_policies, player_in  # noqa: PLC0415 - only here

    make_brand()
    load_policies()
    player = player_in("MT")
    limit(player, "loss", "10", "day")
    limit(player, "loss", "5", "day")
    limit(player, "loss", "50", "day")
    start(player, "message")
    kinds: list[str] = []

    def note(facts: object) -> None:
        kinds.extend(fact.kind for fact in facts if isinstance(fact, Fact))  # type: ignore[attr-defined]

    consume(consumer="test", handle=note)
    ours = [kind for kind in kinds if kind.startswith("safer_play.")]
    assert ours == [
        "safer_play.limit.set",
        "safer_play.limit.lowered",
        "safer_play.limit.raised",
        "safer_play.interaction.started",
    ]
