"""Many tests ask for the same new player, game and currency at once: there is one of each."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2

from apps.brands.models import Currency
from apps.players.models import Player
from apps.providers.models import Game
from tests.journeys.conftest import Demo


def test_sessions_for_one_new_player_at_once_share_it(in_demo: Demo) -> None:
    user_id = str(uuid4())
    code = f"clt_{user_id[:8]}"
    body = {"provider": "hub88", "userId": user_id, "currency": "PLN", "cashAmount": 7, "gameId": code}
    barrier = threading.Barrier(8)

    def ask(_number: int) -> Any:
        barrier.wait()
        return httpx2.post(f"{in_demo.base_url}/sandbox/session", json=body, trust_env=False, timeout=20).json()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert [answer["result"]["userId"] for answer in answers] == [user_id] * 8
    assert len({answer["result"]["token"] for answer in answers}) == 8
    assert Player.objects.filter(public_id=user_id).count() == 1
    assert (Game.objects.filter(code=code).count(), Currency.objects.filter(code="PLN").count()) == (1, 1)
    player = httpx2.get(f"{in_demo.base_url}/sandbox/players/{user_id}", trust_env=False).json()
    assert player["balances"] == {"PLN": {"cash": "7.00", "bonus": "0", "locked": "0", "restricted": "0"}}
    assert [row["amount"] for row in player["transactions"]] == ["7.00"]
