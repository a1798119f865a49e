"""What a conformance suite is made of: the wire, the vendor's side of it, scenarios, and how they are played."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from uuid import uuid4

import msgspec

_SECRET_HEADERS = frozenset({"authorization", "x-player-token"})
_MASK = "***"
_OK = 200


class Deviation(Exception):
    """The platform answered otherwise than the protocol says."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """
        The body, decimals kept exact.

        :raises Deviation: if it is not JSON
        """
        try:
            return _DECIMALS.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Deviation(f"HTTP {self.status} with a body that is not JSON: {self.body[:200]!r}") from error


class Transport(Protocol):
    """Sends one request to a path of the platform."""

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return whatever is answered."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as the report keeps them: secrets masked."""

    method: str
    path: str
    headers: Mapping[str, str]
    request: str
    status: int
    response: str
    milliseconds: float


@dataclass
class Wire:
    """The line to the platform, with a record of what went over it."""

    transport: Transport
    exchanges: list[Exchange] = field(default_factory=list)
    secrets: tuple[str, ...] = ()

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        """Send and keep both halves."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        started = time.perf_counter()
        reply = self.transport(method, path, sent, body)
        took = (time.perf_counter() - started) * 1000
        shown = {name: _MASK if name.lower() in _SECRET_HEADERS else value for name, value in sent.items()}
        self.exchanges.append(
            Exchange(method, self._masked(path), shown, _text(body), reply.status, _text(reply.body), round(took, 1))
        )
        return reply

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Leave out what is only preparation or a look behind the scenes."""
        kept = len(self.exchanges)
        yield
        del self.exchanges[kept:]

    def _masked(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, _MASK)
        return text


@dataclass(frozen=True, slots=True)
class Seated:
    """A test player at a game of the integration."""

    user: str
    token: str
    currency: str


class Side:
    """The vendor's side of a protocol: it knows his keys, and of the platform what he knows, and the sandbox."""

    game = "conformance_game"

    def __init__(self, wire: Wire, integration: str, credentials: Mapping[str, str]) -> None:
        self.wire = wire
        self.integration = integration
        self.credentials = credentials
        wire.secrets = tuple(value for value in credentials.values() if value)

    @property
    def prefix(self) -> str:
        """Where the protocol's paths begin."""
        return f"/providers/{self.integration}"

    def seat(self, *, cash: str = "1000", promo: str = "10", currency: str = "EUR", **more: Any) -> Seated:
        """Make a player with that much money, or give one (`user`) that much, and open a game session."""
        return self._sandbox(currency, cashAmount=Decimal(cash), promoAmount=Decimal(promo), **more)

    def again(self, player: Seated) -> Seated:
        """Open another session of the same player; his money stays."""
        return self._sandbox(player.currency, userId=player.user)

    def set_blocked(self, player: Seated, *, blocked: bool) -> None:
        """Restrict the player from play, or lift it."""
        self._sandbox(player.currency, userId=player.user, isBlocked=blocked)

    def statement(self, player: Seated) -> Any:
        """Balances and postings behind the scenes."""
        with self.wire.unrecorded():
            reply = self.wire.send("GET", f"/sandbox/players/{player.user}")
        return reply.json()

    def money(self, player: Seated) -> tuple[str, str]:
        """Cash and bonus as the ledger has them."""
        balances = self.statement(player)["balances"][player.currency]
        return balances["cash"], balances["bonus"]

    def _sandbox(self, currency: str, **fields: Any) -> Seated:
        body = {"provider": self.integration, "currency": currency, "gameId": self.game, **fields}
        with self.wire.unrecorded():
            reply = self.wire.send("POST", "/sandbox/session", body=encode(body))
        if reply.status != _OK:
            raise Deviation(f"the sandbox did not seat a player: HTTP {reply.status} {reply.body[:200]!r}")
        result = reply.json()["result"]
        return Seated(result["userId"], result["token"], currency)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story; `run` raises `Deviation` where the platform departs from it."""

    name: str
    title: str
    run: Callable[[Any], None]


@dataclass(frozen=True)
class Suite:
    """The scenario list of one protocol."""

    protocol: str
    version: str
    side: Callable[[Wire, str, Mapping[str, str]], Side]
    scenarios: list[Scenario] = field(default_factory=list)

    def scenario(self, run: Callable[[Any], None]) -> Callable[[Any], None]:
        """Add a function as a scenario; its docstring is the title."""
        self.scenarios.append(Scenario(run.__name__, " ".join((run.__doc__ or run.__name__).split()), run))
        return run


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one scenario went; `deviation` is empty when it passed."""

    name: str
    title: str
    deviation: str
    milliseconds: float
    exchanges: tuple[Exchange, ...]

    @property
    def passed(self) -> bool:
        """Nothing departed from the protocol."""
        return not self.deviation


def play(suite: Suite, transport: Transport, integration: str, credentials: Mapping[str, str]) -> list[Verdict]:
    """Play every scenario of a suite, each with players of its own, in order."""
    return [play_one(suite, scenario, transport, integration, credentials) for scenario in suite.scenarios]


def play_one(
    suite: Suite, scenario: Scenario, transport: Transport, integration: str, credentials: Mapping[str, str]
) -> Verdict:
    """Play one scenario. An answer that the scenario can not even read is a deviation too."""
    wire = Wire(transport)
    started = time.perf_counter()
    try:
        scenario.run(suite.side(wire, integration, credentials))
        deviation = ""
    except Deviation as error:
        deviation = str(error)
    except (KeyError, TypeError, ValueError, LookupError) as error:
        deviation = f"{type(error).__name__}: {error}"
    took = round((time.perf_counter() - started) * 1000, 1)
    return Verdict(scenario.name, scenario.title, deviation, took, tuple(wire.exchanges))


def require(what: str, found: Any, *wanted: Any) -> None:
    """
    Compare with what the protocol allows.

    :raises Deviation: if it is none of that
    """
    if found not in wanted:
        raise Deviation(f"{what}: expected {' or '.join(map(repr, wanted))}, got {found!r}")


def encode(body: Any) -> bytes:
    """JSON with decimals as numbers, every digit kept."""
    return _NUMBERS.encode(body)


def new_id() -> str:
    """An id nobody has used."""
    return str(uuid4())


_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_DECIMALS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
