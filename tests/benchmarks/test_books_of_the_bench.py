"""The bench's bets and its long history are real ones, and its proof notices a lie. Books are proven after each."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.integrations.connections import forget_connections
from apps.transactions.models import Account, AccountKind, Transaction
from benchmarks.bets import SignedBet, new_key, public_key, read_bets, signed_bets, write_bets
from benchmarks.inside import prove, seed

WALLETS = 5
KEY = new_key()


@pytest.fixture
def seeds(db: None) -> dict[str, int]:
    forget_connections()
    return seed.run(wallets=WALLETS, public_key_pem=public_key(KEY))


def send(bet: SignedBet, client: Client) -> Any:
    head, _, body = bet.request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    signature = next(line.partition(": ")[2] for line in lines if line.startswith("X-Auth-Signature"))
    path = lines[0].split()[1]
    return client.post(path, body, content_type="application/json", headers={"X-Auth-Signature": signature})


def history(integration: int, layers: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(Path("benchmarks/fill.sql").read_text())
        for _ in range(layers):
            cursor.execute("SELECT pg_temp.bench_history(%s, 0, 1000000000)", [integration])
            assert cursor.fetchone() == (WALLETS,)


def proof(seeds: dict[str, int], seen: Path, lines: list[str], raw_bets: int = 0) -> dict[str, Any]:
    seen.write_text("\n".join(lines))
    return prove.run(seen=str(seen), raw_bets=raw_bets, **seeds)


def test_signed_bets_are_accepted_by_the_platform_and_proven(
    seeds: dict[str, int], client: Client, tmp_path: Path
) -> None:
    bets = signed_bets(8, wallets=range(1, WALLETS + 1), private_key_pem=KEY, host="testserver")
    write_bets(tmp_path / "bets", bets)
    for bet in read_bets(tmp_path / "bets"):
        reply = send(bet, client)
        assert (reply.status_code, reply.json()["status"]) == (200, "RS_OK")
    found = proof(seeds, tmp_path / "seen", [f"+{bet.key}" for bet in bets])
    assert (found["accepted"], found["posted"]) == (8, 8)
    assert [found[fault] for fault in ("lost", "surplus", "breaks", "doubles")] == [[], [], [], 0]


def test_the_proof_names_a_bet_that_was_accepted_but_not_posted_and_one_posted_unseen(
    seeds: dict[str, int], client: Client, tmp_path: Path
) -> None:
    seen, unseen, never_sent = signed_bets(3, wallets=range(1, 2), private_key_pem=KEY, host="testserver")
    for bet in (seen, unseen):
        assert send(bet, client).json()["status"] == "RS_OK"
    found = proof(seeds, tmp_path / "seen", [f"+{seen.key}", f"+{never_sent.key}"])
    assert found["lost"] == [never_sent.key]
    assert found["surplus"] == [unseen.key]
    # A bet whose answer was cut off may be posted or not: neither is a fault.
    found = proof(seeds, tmp_path / "seen", [f"+{seen.key}", f"?{unseen.key}", f"?{never_sent.key}"])
    assert (found["lost"], found["surplus"], found["unknown"]) == ([], [], 2)


def test_the_long_history_is_what_the_posting_function_would_have_left(seeds: dict[str, int], tmp_path: Path) -> None:
    before = sum(Account.objects.filter(kind=AccountKind.CASH).values_list("balance", flat=True))
    history(seeds["raw_integration"], layers=3)
    found = proof(seeds, tmp_path / "seen", [], raw_bets=3 * WALLETS)
    assert (found["raw_posted"], found["breaks"]) == (3 * WALLETS, [])
    assert Transaction.objects.filter(kind="bet").count() == 3 * WALLETS
    versions = set(Account.objects.filter(kind=AccountKind.CASH).values_list("version", flat=True))
    assert versions == {4}  # the funding and three bets
    after = sum(Account.objects.filter(kind=AccountKind.CASH).values_list("balance", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(amount) FROM transactions_transfer WHERE debit_version IS NOT NULL")
        assert before - after == cursor.fetchone()[0] > 0


def test_a_bet_over_the_protocol_continues_the_chain_of_a_filled_wallet(
    seeds: dict[str, int], client: Client, tmp_path: Path
) -> None:
    history(seeds["raw_integration"], layers=2)
    (bet,) = signed_bets(1, wallets=range(1, 2), private_key_pem=KEY, host="testserver")
    assert send(bet, client).json()["status"] == "RS_OK"
    found = proof(seeds, tmp_path / "seen", [f"+{bet.key}"], raw_bets=2 * WALLETS)
    assert (found["posted"], found["breaks"]) == (1, [])
