"""How the adapters of identity vendors ask, and how they read an answer."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from apps.integrations.connections import Connection
from apps.integrations.outbound import VendorResponse, VendorTimeout
from apps.verification.adapters.reading import BadBody, read_object
from apps.verification.contract import Applicant, StartRefused

TIMEOUT_SECONDS = 10.0
NOT_FOUND = 404
_DEFINITE_REFUSALS = frozenset({400, 401, 403, NOT_FOUND, 410, 422})


class Ask(Protocol):
    """Sends one request of ours as the vendor wants it signed."""

    def __call__(
        self,
        connection: Connection,
        method: str,
        path: str,
        body: bytes,
        verb: str,
        refs: tuple[str, ...],
        player_id: int | None,
    ) -> VendorResponse:
        """
        Send it.

        :raises VendorUnreachable: if a key is missing or nobody answers
        :raises VendorTimeout: if it is not known whether the vendor acted
        """
        ...


def post_json(
    ask: Ask, connection: Connection, path: str, body: Mapping[str, Any], *, verb: str, applicant: Applicant
) -> VendorResponse:
    """
    Ask with a JSON body about an applicant.

    :raises StartRefused: if the answer says for certain that nothing was begun
    """
    raw = json.dumps(body, separators=(",", ":")).encode()
    answer = ask(connection, "POST", path, raw, verb, (applicant.reference,), applicant.player_id)
    if answer.status in _DEFINITE_REFUSALS:
        raise StartRefused(f"HTTP {answer.status} to {verb}")
    return answer


def object_of(answer: VendorResponse) -> dict[str, Any]:
    """
    Read the JSON object of a good answer.

    :raises VendorTimeout: for any other answer: what the vendor did is not known
    """
    if answer.status not in range(200, 300):
        raise VendorTimeout(f"HTTP {answer.status}")
    try:
        return read_object(answer.body)
    except BadBody as error:
        raise VendorTimeout(f"an answer that is no JSON: {error}") from error
