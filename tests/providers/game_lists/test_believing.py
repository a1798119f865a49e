"""Lists that are not believed, and lists of which a part could not be read."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.integrations.watch.models import Incident
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.catalogue_sync import perform_sync, request_sync
from tests.factories.games import make_player
from tests.providers.game_lists.listing import catalogued, connected, lobby, synchronise, waiting
from tests.providers.game_lists.vendor import ListVendor, list_vendor

pytestmark = pytest.mark.django_db

State = CatalogueSync.State


@pytest.mark.parametrize(
    ("what", "state", "words"),
    [
        ("empty", State.REFUSED, "The list is empty"),
        ("doubled", State.REFUSED, "names 1 games more than once, 'one'"),
        ("short", State.REFUSED, "lacks 2 of 6 games"),
        ("off", State.REFUSED, "lacks 2 of 6 games"),
        ("cut", State.FAILED, "no list of games"),
        ("half a pair", State.FAILED, "JSON is malformed"),
        ("deep", State.FAILED, "maximum recursion depth"),
        ("object", State.FAILED, "Expected `array`, got `object`"),
        ("codeless", State.REFUSED, "lacks 5 of 6 games, more than 20 % of them. 1 entries could not be read."),
        ("nul", State.REFUSED, "No game on the list can be read: It holds a NUL character"),
        ("country", State.REFUSED, "No game on the list can be read: 'GERMANY' is no country"),
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
    if what in ("half a pair", "deep"):
        vendor.raw = {"half a pair": b'[{"game_code": "a\\ud83d", "name": "A"}]', "deep": b"[" * 3000 + b"]" * 3000}[
            what
        ]
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


def test_a_game_that_can_not_be_read_stays_as_it_is_and_the_others_are_taken(
    vendor: ListVendor, caleta: Integration
) -> None:
    codes = ["one", "two", "three"]
    catalogued(vendor, *codes)
    player = make_player()
    vendor.lists("one", name="Uno")
    synchronise(caleta)
    vendor.lists("one", blocked_countries=["Germany"])
    vendor.lists("two", name="Due", blocked_countries=["FR"])
    sync = synchronise(caleta)
    assert (sync.state, sync.games, sync.unread, sync.proposed, sync.applied) == (State.DONE, 2, 1, 1, 1)
    raw = json.dumps(vendor.games["one"])
    assert sync.unread_entries == [{"code": "one", "problem": "'GERMANY' is no country of two letters", "raw": raw}]
    assert [each[0::3] for each in waiting()] == [("one", "One"), ("two", "Two")]  # what waited, waits on
    assert sorted(lobby(player)) == sorted(codes)
    incident = Incident.objects.get(rule="catalogue-list", closed_at=None)
    assert incident.summary == (
        "1 of 3 games on the list could not be read; the first: one, 'GERMANY' is no country of two letters."
    )
    vendor.lists("one", blocked_countries=["DE"])
    Incident.objects.update(seen_at=clock.real_now() - timedelta(hours=1))
    assert (synchronise(caleta).unread, Incident.objects.get().closed_at is not None) == (0, True)


def test_nothing_is_withdrawn_while_a_game_hides_its_code(vendor: ListVendor, caleta: Integration) -> None:
    codes = ["one", "two", "three", "four", "five", "six"]
    catalogued(vendor, *codes)
    player = make_player()
    synchronise(caleta)
    games = list(vendor.games.values())
    vendor.raw = json.dumps([*games[1:], {"name": "Nobody"}]).encode()
    sync = synchronise(caleta)
    assert (sync.state, sync.unread, sync.applied) == (State.DONE, 1, 0)
    assert sorted(lobby(player)) == sorted(codes)
    assert "Nothing is withdrawn while a game hides its code." in Incident.objects.get().summary
    vendor.raw = json.dumps(games[1:]).encode()
    assert synchronise(caleta).applied == 1
    assert sorted(lobby(player)) == sorted(codes[1:])


def test_what_one_list_hides_is_not_taken_away_by_another(vendor: ListVendor, caleta: Integration) -> None:
    with list_vendor() as (address, other):
        borealis = connected("caleta", address, slug="caleta-borealis", brand="borealis")
        player = make_player()
        catalogued(vendor, "one", "two")
        vendor.lists("one", blocked_countries=["Germany"])
        assert synchronise(caleta).unread == 1
        other.lists("two")
        synchronise(borealis)  # does not have it: gone at that brand, not at ours
        assert sorted(lobby(player)) == ["one", "two"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"null", ""),
        (b"17", ""),
        (b'["one"]', ""),
        (b'{"game_code": 17, "name": "Seventeen"}', ""),
        (b'{"game_code": "", "name": "Nobody"}', ""),
        (b'{"game_code": "%s", "name": "Long"}' % (b"x" * 121), ""),
        (b'{"game_code": "a\\u0000b", "name": "Nul"}', ""),
        (b'{"game_code": "new", "name": ""}', "new"),
        (b'{"game_code": "new", "name": "N", "volatility": "high"}', "new"),
        (b'{"game_code": "new", "name": "\xff\xfe"}', ""),
        (b'{"game_code": "new", "name": "N", "release_date": "soon"}', "new"),
    ],
)
def test_whatever_an_entry_is_it_is_kept_as_it_came(
    raw: bytes, code: str, vendor: ListVendor, caleta: Integration
) -> None:
    catalogued(vendor, "one", "two")
    vendor.raw = b"[%s,%s]" % (json.dumps(list(vendor.games.values()))[1:-1].encode(), raw)
    sync = synchronise(caleta)
    assert (sync.state, sync.games, sync.unread, sync.applied) == (State.DONE, 2, 1, 0), sync.problem
    (entry,) = sync.unread_entries
    assert (entry["code"], entry["raw"]) == (code, raw.decode(errors="backslashreplace")[:2000])
    assert entry["problem"]


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
