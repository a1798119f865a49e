"""Players who pay in, take out, contest and get money back: so that the desks of the staff have something on them."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog
from django.db import DatabaseError, close_old_connections

from apps.sandbox.models import SimulatedPayment
from apps.sandbox.psps.journal import charge_back
from apps.sandbox.traffic.player_api import PlayerApi, Refused

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 40.0
_PAUSE_SECONDS = (60.0, 150.0)
# The platform has to be up, and its worker, before anybody pays.
_AFTER_SECONDS = 8.0
_TRIES = 3
_BANK, _CARD = ("bank_transfer", "trustly"), ("card", "adyen")

Sum = tuple[str, str]
"""Amount and currency."""


class GaveUp(Exception):
    """The simulator stops, or what was waited for did not come about."""


class Payer:
    """One player with a browser."""

    def __init__(self, api: PlayerApi, player: Mapping[str, str], *, stop: threading.Event) -> None:
        """Log in. :raises Refused: if the platform does not let the player in."""
        self._api, self._stop = api, stop
        self.token = api.log_in(username=player["username"], password=player["password"], brand=player["brand"])

    def pay_in(self, sum_: Sum, way: tuple[str, str]) -> str:
        """Deposit and pay; returns the address of the provider's page once the money is there."""
        begun = self._api.deposit(self.token, amount=sum_[0], currency=sum_[1], method=way[0], integration=way[1])
        page = str(begun["next"]["url"])
        self._api.press(page, "pay")
        self._wait(lambda: self._api.deposit_state(self.token, begun["id"]) == "settled")
        return page

    def take_out(self, sum_: Sum, way: tuple[str, str]) -> str:
        """Ask for a withdrawal to the account that was paid in from, once the provider has named it."""
        self._wait(lambda: bool(self._api.instruments(self.token, way[0])))
        (instrument, *_) = self._api.instruments(self.token, way[0])
        return self._api.withdraw(self.token, amount=sum_[0], currency=sum_[1], instrument=instrument)

    def ends_as(self, withdrawal: str, state: str) -> None:
        """Wait for a withdrawal to end."""
        self._wait(lambda: self._api.withdrawal_state(self.token, withdrawal) == state)

    def _wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline or self._stop.wait(0.5):
                raise GaveUp


class Payers:
    """Tells a few stories when the demo is new, and goes on paying in and out now and then."""

    def __init__(self, base_url: str, players: Iterable[Mapping[str, str]], *, stop: threading.Event) -> None:
        """
        Prepare, sending nothing yet.

        :param players: log-ins as the demo's document lists them
        :param stop: set it, and what is under way is left as it is
        """
        self._api = PlayerApi(base_url)
        self._players = {player["username"]: player for player in players}
        self._stop = stop
        self._rng = random.Random()  # noqa: S311 - play money

    def run(self) -> None:
        """Pay until stopped; the body of a thread."""
        if self._stop.wait(_AFTER_SECONDS):
            return
        stories: Sequence[Callable[[], None]] = self._stories() if is_new() else ()
        for story in stories:
            # A machine that is still warming up may not answer in time.
            any(self._told(story) for _ in range(_TRIES))
        while not self._stop.wait(self._rng.uniform(*_PAUSE_SECONDS)):
            self._told(self._every_day)
        self._api.close()

    def _told(self, story: Callable[[], None]) -> bool:
        try:
            story()
        except (Refused, GaveUp) as reason:
            log.info("simulated_payer_gives_up", story=story.__name__, reason=str(reason) or "nothing came of it")
            return self._stop.is_set()
        except DatabaseError:
            log.warning("simulated_payer_database_error", exc_info=True)
            return self._stop.is_set()
        finally:
            close_old_connections()
        return True

    def _stories(self) -> list[Callable[[], None]]:
        return [
            self.paid_by_itself,
            self.contested,
            self.for_one_person,
            self.for_two_people,
            self.returned,
        ]

    def paid_by_itself(self) -> None:
        """A small withdrawal goes out without anybody looking."""
        payer = self._payer("aino")
        payer.pay_in(("120.00", "EUR"), _BANK)
        payer.ends_as(payer.take_out(("60.00", "EUR"), _BANK), "paid")

    def for_one_person(self) -> None:
        """Two larger ones wait for one person, who may approve them together."""
        payer = self._payer("carla")
        payer.pay_in(("500.00", "EUR"), _BANK)
        payer.take_out(("350.00", "EUR"), _BANK)
        payer.take_out(("240.00", "EUR"), _BANK)

    def for_two_people(self) -> None:
        """A large one waits for two people; where he lives no limit of the law stands in its way."""
        payer = self._payer("aino")
        payer.pay_in(("2400.00", "EUR"), _CARD)
        payer.take_out(("2600.00", "EUR"), _CARD)

    def returned(self) -> None:
        """One was paid and came back from the bank."""
        payer = self._payer("hugo")
        payer.pay_in(("150.00", "EUR"), _BANK)
        self._api.set_payouts("trustly", payout_outcome="returned")
        try:
            payer.ends_as(payer.take_out(("90.00", "EUR"), _BANK), "returned")
        finally:
            self._api.set_payouts("trustly")

    def contested(self) -> None:
        """A card payment is contested: a dispute waits for an answer."""
        payer = self._payer("emma")
        page = payer.pay_in(("80.00", "CAD"), _CARD)
        payment = SimulatedPayment.objects.get(pk=int(page.rpartition("/")[2]))
        charge_back(payment)

    def _every_day(self) -> None:
        """Somebody pays in, and sometimes takes a part out again."""
        name, currency = self._rng.choice((("aino", "EUR"), ("bjorn", "SEK"), ("finley", "GBP"), ("greta", "SEK")))
        way = self._rng.choice((_BANK, _BANK, _CARD))
        amount = self._rng.choice((20, 25, 50, 80, 100)) * (10 if currency == "SEK" else 1)
        payer = self._payer(name)
        payer.pay_in((f"{amount}.00", currency), way)
        if self._rng.random() < 0.4:  # noqa: PLR2004 - sometimes
            payer.take_out((f"{amount // 2}.00", currency), way)

    def _payer(self, username: str) -> Payer:
        if username not in self._players:
            raise GaveUp
        return Payer(self._api, self._players[username], stop=self._stop)


def is_new() -> bool:
    """Whether nobody has paid in this demo yet; what it was set up with does not count."""
    return not SimulatedPayment.objects.exclude(reference__startswith=SimulatedPayment.SEEDED).exists()
