"""A verified call of the PAM API with the parts of its address, and how it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.integrations.door import VendorRequest
from apps.providers.adapters.valkyrie import wire
from apps.providers.contract import Outcome

_OK = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what; `token` is the player's session."""

    request: VendorRequest
    verified_by: str
    token: str
    player: str | None
    round_ref: str
    query: Mapping[str, str]


class Refused(Exception):
    """The request is answered before a command is made of it."""

    def __init__(
        self, code: str, message: str, outcome: Outcome = Outcome.BAD_REQUEST, *, status: int = _OK, **more: Any
    ) -> None:
        super().__init__(code)
        self.outcome = outcome
        self.status = status
        self.document = wire.error(code, message, status="ERROR" if status in (_OK, 404) else "Error") | more
