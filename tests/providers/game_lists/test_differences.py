"""A vendor's game list against the catalogue: what is proposed, and what takes effect at once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.brands.models import Brand
from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Integration
from apps.providers.catalogue_changes import UnableToDecide, decide_change, decide_changes
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.models import BrandGame, Game, RtpVariant, Studio
from tests.factories.games import frontend_of, make_game, make_player
from tests.providers.game_lists.listing import catalogued, connected, lobby, synchronise, waiting, why
from tests.providers.game_lists.vendor import ListVendor, list_vendor

pytestmark = pytest.mark.django_db

State = CatalogueSync.State


def test_a_list_that_says_nothing_new_proposes_nothing(vendor: ListVendor, caleta: Integration) -> None:
    catalogued(vendor, "one", "two")
    sync = synchronise(caleta)
    assert (sync.state, sync.games, sync.proposed, sync.applied) == (State.DONE, 2, 0, 0)
    assert (len(sync.digest), sync.exchange_id is not None) == (64, True)
    method, path, body, _ = vendor.asked[0]
    assert (method, path, json.loads(body)) == ("POST", "/api/game/list", {"operator_id": 7})


def test_a_new_game_comes_in_switched_off_with_its_studio(
    vendor: ListVendor, caleta: Integration, manager: User
) -> None:
    player = make_player()
    catalogued(vendor, "one")
    vendor.lists("fresh", name="Fresh <Game>", product="Pinewood Play", blocked_countries=["de", "SE"])
    assert synchronise(caleta).proposed == 1
    assert synchronise(caleta).proposed == 0  # twice proposes nothing twice
    (change,) = CatalogueChange.objects.all()
    assert (change.kind, change.title, change.game_id, lobby(player)) == ("added", "Fresh <Game>", None, ["one"])
    decided = decide_change(change_id=change.pk, accept=True, reason="wanted", actor=manager, now=clock.now())
    game = Game.objects.get(code="fresh")
    assert (decided.state, decided.game, game.is_enabled, game.needs_certificate) == ("accepted", game, False, True)
    assert (game.blocked_countries, game.studio.name, game.studio.is_enabled) == (["DE", "SE"], "Pinewood Play", False)
    assert why(game) == "wanted"
    assert lobby(player) == ["one"]
    assert synchronise(caleta).proposed == 0


def test_changes_wait_and_an_ignored_one_is_not_asked_again_until_the_vendor_says_something_else(
    vendor: ListVendor, caleta: Integration, manager: User
) -> None:
    catalogued(vendor, "one")
    vendor.lists("one", name="Uno", category="Table Games")
    synchronise(caleta)
    assert waiting() == [("one", "changed", "category", "slot", "table"), ("one", "changed", "title", "One", "Uno")]
    title = CatalogueChange.objects.get(field="title")
    category = CatalogueChange.objects.get(field="category")
    decide_change(change_id=title.pk, accept=False, reason="ours is better", actor=manager, now=clock.now())
    decide_change(change_id=category.pk, accept=True, reason="so it is", actor=manager, now=clock.now())
    assert Game.objects.values_list("title", "category").get() == ("One", "table")
    synchronise(caleta)
    assert waiting() == []
    vendor.lists("one", name="Uno II")
    synchronise(caleta)
    assert waiting() == [("one", "changed", "title", "One", "Uno II")]
    vendor.lists("one", name="One")  # takes it back
    synchronise(caleta)
    assert waiting() == []
    assert list(CatalogueChange.objects.values_list("state", flat=True)) == ["overtaken", "accepted", "ignored"]


def test_what_only_restricts_takes_effect_at_once_and_what_opens_waits(
    vendor: ListVendor, caleta: Integration, manager: User
) -> None:
    player, finn = make_player(), make_player("finn", country="FI")
    catalogued(vendor, "one", blocked_countries=["FI"])
    vendor.lists("one", blocked_countries=["MT"], platforms=["GPL_MOBILE"])
    assert (lobby(player), lobby(finn)) == (["one"], [])
    sync = synchronise(caleta)
    assert (sync.applied, sync.proposed) == (2, 1)
    game = Game.objects.get()
    assert (game.blocked_countries, game.platforms) == (["FI", "MT"], ["mobile"])
    assert waiting() == [("one", "changed", "blocked_countries", ["FI", "MT"], ["MT"])]
    assert (lobby(player), lobby(finn)) == ([], [])
    assert why(game) == f"The vendor's game list, run {sync.pk}"
    opens = CatalogueChange.objects.get(state="proposed")
    decide_change(change_id=opens.pk, accept=True, reason="licence is there", actor=manager, now=clock.now())
    assert (lobby(player), lobby(finn)) == ([], ["one"])


def test_a_withdrawn_game_goes_and_comes_back_only_by_staff(
    vendor: ListVendor, caleta: Integration, manager: User
) -> None:
    player = make_player()
    one, _ = catalogued(vendor, "one", "two")
    synchronise(caleta)
    del vendor.games["one"]
    sync = synchronise(caleta)
    assert (sync.state, sync.applied, lobby(player)) == (State.DONE, 1, ["two"])
    assert synchronise(caleta).applied == 0
    vendor.lists("one")
    synchronise(caleta)
    assert (lobby(player), [each[:2] for each in waiting()]) == (["two"], [("one", "returned")])
    change = CatalogueChange.objects.get(state="proposed")
    decide_change(change_id=change.pk, accept=True, reason="back again", actor=manager, now=clock.now())
    assert lobby(player) == ["one", "two"]
    # What staff take away is not the vendor's to give back.
    Game.objects.filter(pk=one.pk).update(withdrawn_on=clock.now().date())
    synchronise(caleta)
    assert waiting() == []


def test_one_brand_losing_a_game_does_not_take_it_from_another(
    vendor: ListVendor, caleta: Integration, manager: User
) -> None:
    with list_vendor() as (address, other):
        borealis = connected("caleta", address, slug="caleta-borealis", brand="borealis")
        here, there = make_player(), make_player("bo", brand=Brand.objects.get(code="borealis"))
        catalogued(vendor, "one", "two")
        other.lists("one")
        other.lists("two")
        synchronise(caleta)
        synchronise(borealis)
        del other.games["one"]
        sync = synchronise(borealis)
        assert (sync.applied, lobby(here), lobby(there)) == (1, ["one", "two"], ["two"])
        assert CatalogueChange.objects.get().brand == there.brand
        assert synchronise(borealis).applied == 0
        other.lists("one")
        synchronise(borealis)
        back = CatalogueChange.objects.get(state="proposed")
        decide_change(change_id=back.pk, accept=True, reason="back", actor=manager, now=clock.now())
        assert lobby(there) == ["one", "two"]
        assert BrandGame.objects.get().brand == there.brand


def test_a_brand_whose_list_nobody_has_seen_yet_keeps_its_games(vendor: ListVendor, caleta: Integration) -> None:
    connected("caleta", "http://127.0.0.1:1", slug="caleta-borealis", brand="borealis")
    here, there = make_player(), make_player("bo", brand=Brand.objects.get(code="borealis"))
    catalogued(vendor, "one", "two")
    del vendor.games["one"]
    assert synchronise(caleta).applied == 1
    assert (lobby(here), lobby(there)) == (["two"], ["one", "two"])


def test_a_return_to_player_is_never_changed_by_a_list(served: tuple[str, ListVendor], manager: User) -> None:
    address, vendor = served
    hub88 = connected("hub88", address)
    player = make_player()
    facts = {"rtp": "96.00", "volatility": 6, "freebet_support": False, "demo_game_support": True, "features": []}
    vendor.lists("one", **facts)
    game = make_game("one", vendor="hub88", title="One", volatility=5, thumbnail_url=vendor.games["one"]["url_thumb"])
    RtpVariant.objects.create(game=game, code="rtp-9600", rtp_basis_points=9600, is_default=True)
    assert synchronise(hub88).proposed == 0

    def rtp() -> str:
        return str(frontend_of(player).get("/api/v1/games").json()["results"][0]["rtp"])

    vendor.lists("one", rtp="94.005", certifications=["MGA"])  # to the nearest basis point, half to even
    synchronise(hub88)
    assert waiting() == [("one", "changed", "certifications", [], ["MGA"]), ("one", "changed", "rtp", [9600], 9400)]
    change = CatalogueChange.objects.get(field="rtp")
    bulk = decide_changes(change_ids=[change.pk], accept=True, reason="all of them", actor=manager, now=clock.now())
    assert (bulk.done, len(bulk.left), rtp()) == (0, 1, "96.00")
    decide_change(change_id=change.pk, accept=True, reason="certified", actor=manager, now=clock.now())
    assert rtp() == "96.00"  # known now, not in play
    synchronise(hub88)
    assert [each for each in waiting() if each[2] == "rtp_in_play"] == [("one", "changed", "rtp_in_play", 9600, 9400)]
    change = CatalogueChange.objects.get(field="rtp_in_play")
    decide_change(change_id=change.pk, accept=True, reason="agreed", actor=manager, now=clock.now())
    assert rtp() == "94.00"
    assert RtpVariant.objects.get(is_default=True).rtp_basis_points == 9600
    synchronise(hub88)
    assert [each for each in waiting() if each[2].startswith("rtp")] == []


def test_currencies_are_taken_away_at_once_and_none_left_is_not_every_one(served: tuple[str, ListVendor]) -> None:
    address, vendor = served
    swipe = connected("swipegames", address, cid="6f2f2e6a-2f43-4b0f-9c58-2d7d5b8a51f1")
    long_ago = clock.now() - timedelta(days=1)
    key: dict[str, Any] = {"purpose": "sign_outbound", "name": "api_key", "secret": b"s3cret"}
    add_credential(integration=swipe, **key, actor=None, now=long_ago)
    forget_connections()
    player = make_player()
    plain = {"id": "sg_one", "title": "One", "platforms": ["desktop", "mobile"], "rtp": 97, "hasFreeSpins": False}
    pictures = {"images": {"baseURL": "https://pictures.example.com/", "square": "/one.png"}}
    vendor.games = {"sg_one": plain | pictures | {"currencies": ["EUR", "FUN", "mBCH"]}}
    game = make_game(
        "sg_one", vendor="swipegames", title="One", thumbnail_url="https://pictures.example.com/one.png", currencies=[]
    )
    sync = synchronise(swipe)
    game.refresh_from_db()
    assert (sync.applied, game.currencies, lobby(player)) == (1, ["EUR", "mBCH"], ["sg-one"])
    assert [each[2:] for each in waiting()] == [("rtp", [], 9700)]
    vendor.games["sg_one"]["currencies"] = ["FUN", "USD"]
    synchronise(swipe)
    game.refresh_from_db()
    assert (game.currencies, lobby(player)) == (["XXX"], [])
    assert ("sg_one", "changed", "currencies", ["XXX"], ["USD"]) in waiting()
    assert vendor.asked[0][1] == "/games?cID=6f2f2e6a-2f43-4b0f-9c58-2d7d5b8a51f1&extCID=aurora"


def test_a_decision_on_what_has_changed_since_is_refused(
    vendor: ListVendor, caleta: Integration, manager: User
) -> None:
    catalogued(vendor, "one")
    vendor.lists("one", name="Uno", product="Another Studio")
    synchronise(caleta)
    Game.objects.update(title="Ours")
    changes = {each.field: each for each in CatalogueChange.objects.all()}
    terms: dict[str, Any] = {"accept": True, "reason": "fine", "actor": manager, "now": clock.now()}
    with pytest.raises(UnableToDecide, match="has changed since"):
        decide_change(change_id=changes["title"].pk, **terms)
    decide_change(change_id=changes["studio"].pk, **terms)
    with pytest.raises(UnableToDecide, match="accepted already"):
        decide_change(change_id=changes["studio"].pk, **terms)
    with pytest.raises(PermissionDenied):
        decide_change(change_id=changes["title"].pk, **(terms | {"actor": User.objects.create_user("nobody")}))
    assert Game.objects.values_list("title", "studio__name").get() == ("Ours", "Another Studio")
    assert Studio.objects.get(name="Another Studio").is_enabled is False
