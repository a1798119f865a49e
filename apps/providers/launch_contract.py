"""What a launcher is: it asks one vendor for the address of a game. Who may play is decided before, in `launch`."""

from dataclasses import dataclass
from typing import Protocol

from apps.integrations.connections import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOrder:
    """
    A game to open for a player.

    :ivar user: the player's public id, and
    :ivar token: his game session's; both None for a demo, in which no wallet call is made
    :ivar platform: `desktop` or `mobile`
    :ivar reference: our public id of the game session, for the exchange log
    """

    connection: Connection
    reference: str
    game_code: str
    user: str | None
    token: str | None
    currency: str
    platform: str
    country: str
    language: str
    remote_address: str
    frontend_url: str
    player_id: int
    first_name: str = ""
    last_name: str = ""


class LaunchError(Exception):
    """The vendor gave no address. `reason` is the slug under which the game session ends."""

    reason = "launch-failed"


class LaunchRefused(LaunchError):
    """The vendor answered with a refusal."""

    reason = "launch-refused"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class LaunchAnswerUnusable(LaunchError):
    """The vendor answered with something that is no address of a game."""

    reason = "launch-answer-unusable"


class LaunchNotConfigured(LaunchError):
    """The integration lacks a key or an option without which the vendor can not be called."""

    reason = "launch-not-configured"


class Launcher(Protocol):
    """One vendor's launch API. A launcher translates; it decides nothing and changes nothing of ours."""

    @property
    def demo_currency(self) -> str | None:
        """The currency in which the vendor plays for fun; None where he does not."""
        ...

    def launch(self, order: LaunchOrder) -> str:
        """
        Ask for the game's address; one attempt, within the time-out of the integration.

        :raises LaunchError: if the vendor refuses or its answer is unusable
        :raises VendorUnreachable: if no connection came about
        :raises VendorTimeout: if no answer came in time
        """
        ...
