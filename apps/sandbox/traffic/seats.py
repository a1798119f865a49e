"""One player at one game: logging in, opening games, spinning, asking for more test money."""

import random
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from apps.sandbox.models import SimulatedRound, SimulatedSession, SimulatedVendor
from apps.sandbox.traffic.player_api import PlayerApi, Refused
from apps.sandbox.vendors.paytable import SCALE
from apps.sandbox.vendors.rounds import Patience, Played, play_round
from apps.sandbox.vendors.sessions import stakes_of
from apps.sandbox.vendors.speakers.registry import SPEAKERS

NO_GAMES = "no-games"
"""Code of the refusal when the player's brand has nothing to play."""
_ROUNDS_A_GAME = 30
# Players mostly stay with the smaller stakes.
_STAKES_PLAYED = 4
_TOP_UP_STAKES = 250


@dataclass(slots=True)
class Seat:
    """A player of the demo and what it is doing. Used by one thread at a time."""

    api: PlayerApi
    username: str
    password: str
    brand: str
    token: str = ""
    games: list[str] = field(default_factory=list)
    session: SimulatedSession | None = None
    rounds_left: int = 0
    rest_until: float = 0.0

    def play(self, *, scenario: str, rng: random.Random, patience: Patience) -> Played:
        """
        Play one round, opening a game first where none is open.

        :raises Refused: if the platform does not let the player in or the game open
        :raises LeftOpen: if the simulator is being stopped
        """
        if (
            self.session is not None
            and SimulatedVendor.objects.filter(pk=self.session.vendor_id, is_down=True).exists()
        ):
            self.session = None  # the game has frozen: try another
        if self.session is None or self.rounds_left <= 0:
            self.session = self._open_game(rng)
            self.rounds_left = _ROUNDS_A_GAME
        session = self.session
        stake = rng.choice(stakes_of(session.currency)[:_STAKES_PLAYED])
        played = play_round(session, stake=stake, scenario=scenario, rng=rng, patience=patience)
        self.rounds_left -= 1
        if played.round.state == SimulatedRound.State.REFUSED:
            self._overcome(session, played.status)
        return played

    def leave(self) -> None:
        """Forget the log-in and the game; the next round begins anew."""
        self.token = ""
        self.session = None

    def _open_game(self, rng: random.Random) -> SimulatedSession:
        if not self.token:
            self.token = self.api.log_in(username=self.username, password=self.password, brand=self.brand)
            self.games = []
        self.games = self.games or self.api.games(self.token)
        if not self.games:
            raise Refused(0, NO_GAMES)
        url = self.api.launch(self.token, rng.choice(self.games))
        token = parse_qs(urlsplit(url).query)["token"][0]
        return SimulatedSession.objects.select_related("vendor").get(token=token)

    def _overcome(self, session: SimulatedSession, status: str) -> None:
        """After a refused bet: more money where that was lacking, else another game."""
        if status not in SPEAKERS[session.vendor_id].words.out_of_money:
            self.session = None
            return
        cash = _TOP_UP_STAKES * stakes_of(session.currency)[_STAKES_PLAYED - 1] // SCALE
        self.api.top_up(provider=session.vendor_id, user=session.user, currency=session.currency, cash=max(cash, 1))
