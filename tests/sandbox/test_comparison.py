"""compare_simulator: each way in which the vendors' journal and the ledger can disagree is found."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.sandbox.comparison import compare_with_ledger
from apps.sandbox.models import SimulatedRound, SimulatedSession, SimulatedTransaction, SimulatedVendor
from apps.sandbox.seating import seat_player
from apps.transactions.models import Account
from apps.transactions.posting import Leg, post, shared_account

EURO = 100_000


@pytest.fixture
def world(hub88: Integration) -> Iterator["World"]:
    # What these tests post has no commands behind it, which the proof of the books would notice: undone before it.
    with transaction.atomic():
        yield World(hub88)
        transaction.set_rollback(True)


class World:
    """One simulated session, its journal, and the ledger beside it."""

    def __init__(self, integration: Integration) -> None:
        self.integration = integration
        money: dict[str, Any] = {"cash": None, "promo": None, "blocked": None}
        seat = seat_player(provider="hub88", user_id="", currency="EUR", game_code="clt_a", now=clock.now(), **money)
        self.player = seat.player
        self.provider = shared_account(
            brand_id=self.player.brand_id, currency="EUR", kind="provider", integration_id=integration.pk
        )
        self.cash = Account.objects.get(player_id=self.player.pk, kind="cash").pk
        vendor = SimulatedVendor.objects.create(slug="hub88", platform_url="http://127.0.0.1:1")
        session = SimulatedSession.objects.create(
            token=seat.token, vendor=vendor, user=str(seat.player.public_id), game_code="clt_a", currency="EUR"
        )
        self.round = SimulatedRound.objects.create(
            reference="sim-1", session=session, vendor=vendor, scenario="clean", symbols=[], stake=EURO, payout=EURO
        )

    def journal(self, kind: str, state: str, *, amount: int = EURO, target: uuid.UUID | None = None) -> uuid.UUID:
        """Write what the vendor remembers."""
        row = SimulatedTransaction.objects.create(
            round=self.round, vendor=self.round.vendor, kind=kind, amount=amount, target=target, state=state
        )
        return row.pk

    def post(
        self, kind: str, external_id: uuid.UUID, *, euros: int = 1, reverses: uuid.UUID | None = None
    ) -> uuid.UUID:
        """Write what the ledger holds."""
        # The player never loses here, so that no funding has to come first.
        return post(
            kind=kind,
            brand_id=self.player.brand_id,
            currency="EUR",
            legs=[Leg(debit=self.provider, credit=self.cash, amount=euros * 1_000_000)],
            player_id=self.player.pk,
            integration_id=self.integration.pk,
            external_id=str(external_id),
            reverses_id=reverses,
            now=clock.now(),
        )


def accepted_and_posted(world: World) -> None:
    world.post("win", world.journal("win", "accepted"))


def refused_and_not_posted(world: World) -> None:
    world.journal("bet", "refused")


def rolled_back_before_it_came(world: World) -> None:
    bet = world.journal("bet", "refused")
    world.journal("rollback", "accepted", amount=0, target=bet)


def rolled_back(world: World) -> None:
    bet = world.journal("bet", "unknown")
    posted = world.post("bet", bet)
    world.post("rollback", world.journal("rollback", "accepted", amount=0, target=bet), reverses=posted)


@pytest.mark.parametrize(
    "story", [accepted_and_posted, refused_and_not_posted, rolled_back_before_it_came, rolled_back]
)
def test_agreement_is_recognised(world: World, story: Callable[[World], None]) -> None:
    story(world)
    assert compare_with_ledger().agrees
    call_command("compare_simulator")


def accepted_but_missing(world: World) -> None:
    world.journal("bet", "accepted")


def posted_twice(world: World) -> None:
    win = world.journal("win", "accepted")
    world.post("win", win)
    world.post("win", win)


def refused_but_posted(world: World) -> None:
    world.post("bet", world.journal("bet", "refused"))


def posted_with_another_amount(world: World) -> None:
    world.post("win", world.journal("win", "accepted"), euros=2)


def rollback_not_posted(world: World) -> None:
    bet = world.journal("bet", "unknown")
    world.post("bet", bet)
    world.journal("rollback", "accepted", amount=0, target=bet)


def rollback_of_something_else(world: World) -> None:
    bet = world.journal("bet", "unknown")
    world.post("bet", bet)
    world.post("rollback", world.journal("rollback", "accepted", amount=0, target=bet), reverses=uuid7())


@pytest.mark.parametrize(
    ("story", "kind"),
    [
        (accepted_but_missing, "missing"),
        (posted_twice, "doubled"),
        (refused_but_posted, "refused but posted"),
        (posted_with_another_amount, "other terms"),
        (rollback_not_posted, "missing"),
        (rollback_of_something_else, "other terms"),
    ],
)
def test_disagreement_is_found(world: World, story: Callable[[World], None], kind: str) -> None:
    story(world)
    assert [finding.kind for finding in compare_with_ledger().findings] == [kind]
    with pytest.raises(CommandError, match="1 disagreements"):
        call_command("compare_simulator")


def test_a_posting_the_vendor_never_made_is_found(world: World) -> None:
    world.post("win", world.journal("win", "accepted"))
    stray = world.post("win", uuid7())
    with connection.cursor() as cursor:
        # Nothing but the posting function writes rounds; this test needs one that names a simulated round.
        cursor.execute(
            "INSERT INTO providers_round (player_id, integration_id, game_id, external_id, session_id, brand_id,"
            " currency, opened_at, last_activity_at)"
            " VALUES (%s, %s, 1, 'sim-1', 1, 1, 'EUR', now(), now()) RETURNING id",
            [world.player.pk, world.integration.pk],
        )
        (round_id,) = cursor.fetchone()
    assert compare_with_ledger().agrees
    external_id = uuid7()
    post(
        kind="win",
        brand_id=world.player.brand_id,
        currency="EUR",
        legs=[Leg(debit=world.provider, credit=world.cash, amount=1)],
        player_id=world.player.pk,
        integration_id=world.integration.pk,
        external_id=str(external_id),
        round_id=round_id,
        now=clock.now(),
    )
    found = [(finding.kind, finding.external_id) for finding in compare_with_ledger().findings]
    assert found == [("not journalled", str(external_id))]
    assert stray != external_id
    assert Player.objects.count() == 1
