"""The simulated vendors' game lists, over their own signed APIs, and the handle that changes them."""

import hashlib
import hmac
import json
from typing import Any

import pytest
import rfc8785
from django.test import Client

from apps.sandbox.models import SimulatedVendor
from apps.sandbox.vendors.catalogue import GAMES
from apps.sandbox.vendors.signatures import new_key_pair, sign

pytestmark = pytest.mark.django_db

LISTS = {"hub88": "operator/generic/v2/game/list", "caleta": "api/game/list"}
HEADERS = {"hub88": "X-Hub88-Signature", "caleta": "X-Auth-Signature"}


@pytest.fixture
def key() -> str:
    pair = new_key_pair()
    for slug in ("hub88", "caleta", "swipegames"):
        SimulatedVendor.objects.create(
            slug=slug, platform_url="http://127.0.0.1:1", platform_key_pem=pair.public_pem, operator_id=1001,
            secrets={"api_key": "k", "cid": "c"},
        )  # fmt: skip
    return pair.private_pem


def listed(vendor: str, key: str) -> Any:
    raw = b'{"operator_id":1001}'
    headers = {HEADERS[vendor]: sign(key, raw)}
    address = f"/sandbox/vendors/{vendor}/{LISTS[vendor]}"
    return Client().post(address, raw, content_type="application/json", headers=headers)


def change(vendor: str, **document: Any) -> int:
    reply = Client().post(f"/sandbox/vendors/{vendor}/catalogue", json.dumps(document), content_type="application/json")
    return reply.status_code


@pytest.mark.parametrize("vendor", ["hub88", "caleta"])
def test_a_list_is_what_the_vendor_has_and_what_a_tester_made_of_it(vendor: str, key: str) -> None:
    codes = list(GAMES[vendor])
    assert [game["game_code"] for game in listed(vendor, key).json()] == codes
    changed = {codes[0]: {"title": "Renamed", "blocked_countries": ["NO"]}, codes[1]: None, "brand_new": {}}
    assert change(vendor, games=changed) == 200
    games = {game["game_code"]: game for game in listed(vendor, key).json()}
    assert set(games) == {*codes, "brand_new"} - {codes[1]}
    assert (games[codes[0]]["name"], games[codes[0]]["blocked_countries"]) == ("Renamed", ["NO"])
    assert ("rtp" in games["brand_new"]) == (vendor == "hub88")
    assert Client().post(f"/sandbox/vendors/{vendor}/{LISTS[vendor]}", b"{}", content_type="a/b").status_code == 401


def test_a_list_goes_wrong_as_it_is_told_to(key: str) -> None:
    counts = {}
    for mode in ("whole", "half", "empty", "doubled"):
        assert change("caleta", mode=mode) == 200
        counts[mode] = len(listed("caleta", key).json())
    assert counts == {"whole": 12, "half": 6, "empty": 0, "doubled": 13}
    assert change("caleta", mode="faulty") == 200
    assert ["name" in game for game in listed("caleta", key).json()] == [False] + [True] * 11
    assert change("caleta", mode="cut") == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(listed("caleta", key).content)
    assert (change("caleta", mode="refused"), listed("caleta", key).status_code) == (200, 500)
    assert (change("caleta", mode="odd"), change("caleta", games={"x": {"odd": 1}})) == (400, 400)


def test_a_vendor_who_is_taken_down_serves_nothing_until_he_is_back(key: str) -> None:
    switch = "/sandbox/simulator/vendors/caleta"
    assert Client().post(switch, {"down": "1"}).status_code == 302
    assert (listed("caleta", key).status_code, listed("hub88", key).status_code) == (503, 200)
    assert "Bring back" in Client().get("/sandbox/").text
    assert Client().post(switch, {"down": "0"}).status_code == 302
    assert listed("caleta", key).status_code == 200
    assert Client().get(switch).status_code == 405


def test_swipe_games_lists_below_its_signature(key: str) -> None:
    query = {"cID": "c", "extCID": "aurora"}
    signature = hmac.new(b"k", rfc8785.dumps(query), hashlib.sha256).hexdigest()
    address = "/sandbox/vendors/swipegames/games"
    reply = Client().get(address, query, headers={"X-REQUEST-SIGN": signature})
    (first, *_) = reply.json()
    assert (first["id"], first["rtp"], first["images"]["square"]) == ("sg_catchline", 97, "sg_catchline.svg")
    assert Client().get(address, query).status_code == 401
