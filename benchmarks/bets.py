"""Bets in Caleta's protocol, signed before any clock starts: signing belongs to the vendor, not to what is measured."""

import base64
import json
import random
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

CURRENCY = "EUR"
GAME_CODE = "bench_slot"
HTTP_SLUG = "caleta"
"""The integration that the HTTP load plays at."""
RAW_SLUG = "caleta-raw"
"""The integration of bets that do not come over HTTP: pgbench's, and the long history's."""

_SIGNING_PROCESSES = 2
_CHUNK = 250
_KEY_BITS = 2048
_RECORD = struct.Struct("<36sI")
# 0.10 to 20.00 in Caleta's unit, the amount x 100 000.
_SMALLEST_STAKE, _LARGEST_STAKE, _STAKE_STEP = 10_000, 2_000_000, 1_000


@dataclass(frozen=True, slots=True)
class SignedBet:
    """One bet, ready for the wire; `key` is its transaction_uuid."""

    key: str
    request: bytes


def new_key() -> str:
    """Make the vendor's RSA key, as PEM."""
    key = generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_key(private_key_pem: str) -> str:
    """Return the public half, as PEM."""
    return _key(private_key_pem).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def session_token(slug: str, wallet: int) -> str:
    """Return the game session token of a seeded wallet (numbered from 1) at an integration."""
    return f"{slug}-{wallet}"


def signed_bets(count: int, *, wallets: range, private_key_pem: str, host: str) -> list[SignedBet]:
    """
    Make `count` different bets on random wallets of `wallets`, signed in parallel.

    :param host: what goes into the Host header
    """
    sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    if len(sizes) <= 1:
        return [bet for size in sizes for bet in _signed_chunk(size, wallets, private_key_pem, host)]
    with ProcessPoolExecutor(_SIGNING_PROCESSES, mp_context=get_context("spawn")) as pool:
        chunks = pool.map(_signed_chunk, sizes, repeat(wallets), repeat(private_key_pem), repeat(host))
        return [bet for chunk in chunks for bet in chunk]


def write_bets(path: Path, bets: Iterable[SignedBet]) -> None:
    """Write bets for the load generator's process."""
    with path.open("wb") as file:
        for bet in bets:
            file.write(_RECORD.pack(bet.key.encode(), len(bet.request)))
            file.write(bet.request)


def read_bets(path: Path) -> Iterator[SignedBet]:
    """Read what `write_bets` wrote."""
    with path.open("rb") as file:
        while head := file.read(_RECORD.size):
            key, size = _RECORD.unpack(head)
            yield SignedBet(key.decode(), file.read(size))


def _signed_chunk(count: int, wallets: range, private_key_pem: str, host: str) -> list[SignedBet]:
    return [_signed_bet(random.choice(wallets), private_key_pem, host) for _ in range(count)]


def _signed_bet(wallet: int, private_key_pem: str, host: str) -> SignedBet:
    key = str(uuid4())
    body = _body(wallet, key)
    signature = base64.b64encode(_key(private_key_pem).sign(body, PKCS1v15(), SHA256())).decode()
    head = (
        f"POST /providers/{HTTP_SLUG}/wallet/bet HTTP/1.1\r\n"
        f"Host: {host}\r\n"
        "User-Agent: bench/1\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Auth-Signature: {signature}\r\n\r\n"
    )
    return SignedBet(key, head.encode() + body)


def _body(wallet: int, key: str) -> bytes:
    bet = {
        "token": session_token(HTTP_SLUG, wallet),
        "transaction_uuid": key,
        "request_uuid": str(uuid4()),
        "round": str(uuid4()),
        "round_closed": False,
        "game_code": GAME_CODE,
        "currency": CURRENCY,
        "amount": random.randrange(_SMALLEST_STAKE, _LARGEST_STAKE, _STAKE_STEP),
        "is_free": False,
        "is_supplier_promo": False,
        "supplier_user": f"bench-{wallet}",
        "bet": "zero",
    }
    return json.dumps(bet, separators=(",", ":")).encode()


@lru_cache(maxsize=4)
def _key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key
