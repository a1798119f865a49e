"""Vendors' game lists against the catalogue: what is proposed, what takes effect at once, what is not believed."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connections

from apps.brands.models import Brand
from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Integration
from apps.integrations.watch.models import Incident
from apps.players.models import Player
from apps.providers import catalogue_sync
from apps.providers.catalogue_changes import UnableToDecide, decide_change, decide_changes
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.catalogue_sync import SyncUnderWay, perform_sync, request_all, request_sync
from apps.providers.models import BrandGame, Game, RtpVariant, Studio
from tests.factories.games import frontend_of, make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.harness.queries import captured_queries
from tests.providers.list_vendor import ListVendor, list_vendor
from tests.providers.table import staff

pytestmark = pytest.mark.django_db

State = CatalogueSync.State


@pytest.fixture
def served() -> Iterator[tuple[str, ListVendor]]:
    with list_vendor() as found:
        yield found


@pytest.fixture
def vendor(served: tuple[str, ListVendor]) -> ListVendor:
    return served[1]


@pytest.fixture
def caleta(db: None, served: tuple[str, ListVendor]) -> Integration:
    return connected("caleta", served[0])


@pytest.fixture
def manager(db: None) -> User:
    return staff("manager", "synchronise_catalogue", "switch_game")


def connected(vendor: str, base_url: str, slug: str = "", brand: str = "aurora", **options: Any) -> Integration:
    integration = connect_game_vendor(vendor, slug=slug, base_url=base_url, brand_code=brand)
    integration.options = {"operator_id": 7, "list_timeout_seconds": 5, **options}
    integration.save(update_fields=["options"])
    forget_connections()
    return integration


def catalogued(vendor: ListVendor, *codes: str, **fields: Any) -> list[Game]:
    """Games that the catalogue and the list agree on."""
    made = []
    for code in codes:
        vendor.lists(code)
        facts = {"title": code.title(), "thumbnail_url": "https://pictures.example.com/thumb.png"}
        made.append(make_game(code, **(facts | fields)))
    return made


def synchronise(integration: Integration, **terms: Any) -> CatalogueSync:
    sync = request_sync(integration_id=integration.pk, actor=None, now=clock.now(), **terms)
    return perform_sync(sync_id=sync.pk)


def waiting() -> list[tuple[str, str, str, Any, Any]]:
    rows = CatalogueChange.objects.filter(state="proposed").order_by("code", "kind", "field")
    return [(each.code, each.kind, each.field, each.before, each.after) for each in rows]


def why(row: Any) -> str:
    """The reason that the history keeps of the newest version."""
    return str(row.history.latest().history_change_reason)


def lobby(player: Player) -> list[str]:
    return [game["code"] for game in frontend_of(player).get("/api/v1/games").json()["results"]]


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


@pytest.mark.parametrize(
    ("what", "state", "words"),
    [
        ("empty", State.REFUSED, "The list is empty"),
        ("doubled", State.REFUSED, "names 1 games more than once, 'one'"),
        ("short", State.REFUSED, "lacks 2 of 6 games"),
        ("off", State.REFUSED, "lacks 2 of 6 games"),
        ("cut", State.FAILED, "no list of games"),
        ("object", State.FAILED, "Expected `array`, got `object`"),
        ("codeless", State.FAILED, "missing required field `game_code` - at `$[1]`"),
        ("nul", State.FAILED, "NUL character"),
        ("country", State.FAILED, "'GERMANY' is no country"),
        ("refusal", State.FAILED, "refused with HTTP 404: no operator"),
        ("broken off", State.FAILED, "did not answer"),
        ("unreachable", State.FAILED, "cannot be reached"),
        ("unset", State.FAILED, "no operator_id"),
    ],
)
def test_a_list_that_can_not_be_true_changes_nothing_and_alerts(
    what: str, state: str, words: str, vendor: ListVendor, caleta: Integration
) -> None:
    codes = ["one", "two", "three", "four", "five", "six"]
    catalogued(vendor, *codes)
    player = make_player()
    good = synchronise(caleta)
    games = list(vendor.games.values())
    raw: dict[str, Any] = {
        "empty": [], "doubled": [*games, games[0]], "short": games[2:], "object": {"games": games},
        "codeless": [games[0], {"name": "Nobody"}], "country": [{**games[0], "blocked_countries": ["Germany"]}],
        "off": [{**each, "enabled": each["game_code"] not in ("one", "two")} for each in games],
        "nul": [{**games[0], "product": "a\0b"}],
    }  # fmt: skip
    vendor.raw = json.dumps(raw.get(what, games)).encode()
    if what == "cut":
        vendor.raw = vendor.raw[:-300]
    vendor.short_of = 40 if what == "broken off" else 0
    if what == "refusal":
        vendor.status, vendor.raw = 404, b'{"error":"no operator"}'
    if what == "unreachable":
        Integration.objects.update(base_url="http://127.0.0.1:1")
    if what == "unset":
        Integration.objects.update(options={})
    forget_connections()
    sync = synchronise(caleta)
    assert (sync.state, words in sync.problem) == (state, True), sync.problem
    assert not CatalogueChange.objects.exists()
    assert sorted(lobby(player)) == sorted(codes)
    incident = Incident.objects.get(rule="catalogue-list", closed_at=None)
    assert words in incident.summary
    assert CatalogueSync.objects.get(pk=good.pk).listed_codes  # what the next list is held against


def test_staff_may_take_a_short_list_and_say_why(vendor: ListVendor, caleta: Integration, manager: User) -> None:
    catalogued(vendor, "one", "two", "three", "four")
    player = make_player()
    vendor.games = {"one": vendor.games["one"]}
    assert synchronise(caleta).state == State.REFUSED
    terms: dict[str, Any] = {"integration_id": caleta.pk, "actor": manager, "now": clock.now(), "may_be_short": True}
    sync = request_sync(**terms, reason="studio left the aggregator")
    assert perform_sync(sync_id=sync.pk).applied == 3
    assert lobby(player) == ["one"]


def test_a_slow_vendor_fails_the_run_and_the_next_good_list_ends_the_alert(
    served: tuple[str, ListVendor], manager: User
) -> None:
    address, vendor = served
    caleta = connected("caleta", address, list_timeout_seconds=0.2)
    vendor.waits = threading.Event()
    catalogued(vendor, "one")
    assert (synchronise(caleta).state, Incident.objects.count()) == (State.FAILED, 1)
    vendor.waits.set()
    Incident.objects.update(seen_at=clock.real_now() - timedelta(hours=1))
    assert synchronise(caleta).state == State.DONE
    assert Incident.objects.get().closed_at is not None


def test_two_runs_of_one_integration_are_impossible(vendor: ListVendor, caleta: Integration, manager: User) -> None:
    catalogued(vendor, "one")
    first = request_sync(integration_id=caleta.pk, actor=manager, now=clock.now())
    with pytest.raises(SyncUnderWay):
        request_sync(integration_id=caleta.pk, actor=manager, now=clock.now())
    assert request_all(now=clock.now()) == []
    with pytest.raises(PermissionDenied):
        request_sync(integration_id=caleta.pk, actor=User.objects.create_user("else"), now=clock.now())
    assert perform_sync(sync_id=first.pk).state == State.DONE
    assert perform_sync(sync_id=first.pk).state == State.DONE  # a second delivery of the task
    assert len(vendor.asked) == 1
    assert [each.integration for each in request_all(now=clock.now())] == [caleta]


def test_a_run_whose_worker_died_is_ended_and_changes_nothing_afterwards(
    vendor: ListVendor, caleta: Integration
) -> None:
    catalogued(vendor, "one")
    vendor.lists("fresh")
    sync = request_sync(integration_id=caleta.pk, actor=None, now=clock.now())
    later = clock.now() + timedelta(minutes=2)
    assert catalogue_sync.sweep(now=later) == ([sync.pk], 0)  # nobody has taken it: hand it over again
    claimed = catalogue_sync._claim(sync.pk, now=clock.now())
    assert claimed is not None
    found = catalogue_sync._fetch(claimed.integration)
    assert catalogue_sync.sweep(now=clock.now() + timedelta(minutes=16)) == ([], 1)
    assert catalogue_sync._record(sync.pk, found).state == State.FAILED
    assert not CatalogueChange.objects.exists()


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


def test_a_list_of_thousands_takes_a_handful_of_queries(vendor: ListVendor, caleta: Integration) -> None:
    catalogued(vendor, "one")
    for number in range(3000):
        vendor.lists(f"new-{number}")
    with captured_queries() as first:
        sync = synchronise(caleta)
    with captured_queries() as second:
        assert synchronise(caleta).proposed == 0
    assert (sync.state, sync.proposed) == (State.DONE, 3000)
    assert len(first) < 50
    assert len(second) < 45


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_run(served: tuple[str, ListVendor]) -> None:
    caleta = connected("caleta", served[0])
    barrier, outcomes = threading.Barrier(4), []

    def click() -> None:
        barrier.wait(10)
        try:
            request_sync(integration_id=caleta.pk, actor=None, now=clock.now())
            outcomes.append("made")
        except SyncUnderWay:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    assert CatalogueSync.objects.count() == 1
