"""
Registers whose protocol is given to licensees only (Spelpaus, OASIS, ROFUS, CRUKS …), through the operator's gateway.

The protocol is ours: `POST /check` with `{"register", "purpose", "subjects": [{"reference", "first_name", "last_name",
"birth_date", "email", "postcode", "phone"}]}` and `X-API-Key`, answered by `{"answers": [{"reference", "answer"}]}`;
`answer` is `clear`, `excluded` or `previously_excluded`. Whoever holds the licence puts a small service in front that
speaks the register's own.
"""

import json
from collections.abc import Sequence

from apps.integrations.connections import Connection
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorResponse, call_vendor
from apps.safer_play.models import RegisterQuery
from apps.safer_play.registers.contract import Subject, UnusableAnswer, timeout_of

_ANSWERS = (RegisterQuery.Answer.CLEAR, RegisterQuery.Answer.EXCLUDED, RegisterQuery.Answer.PREVIOUSLY)
_OK = 200


class Gateway:
    """The operator's gateway to a national register."""

    largest_batch = 500

    def ask(self, connection: Connection, subject: Subject, *, purpose: str) -> VendorResponse:
        """One person is a batch of one."""
        return self.ask_batch(connection, [subject], purpose=purpose)

    def read(self, response: VendorResponse) -> str:
        """The one answer."""
        said = list(_answers(response).values())
        if len(said) != 1:
            raise UnusableAnswer(f"{len(said)} answers")
        return said[0]

    def ask_batch(self, connection: Connection, subjects: Sequence[Subject], *, purpose: str) -> VendorResponse:
        """Several."""
        keys = connection.keys_for(Credential.Purpose.API_ACCESS)
        if not keys:
            raise UnusableAnswer("no API key")
        document = {
            "register": connection.options.get("register", ""),
            "purpose": purpose,
            "subjects": [_fields(each) for each in subjects],
        }
        return call_vendor(
            connection=connection,
            verb=f"check-{purpose}",
            method="POST",
            path="check",
            body=json.dumps(document).encode(),
            headers={"X-API-Key": keys[0].secret.decode(), "Content-Type": "application/json"},
            timeout_seconds=timeout_of(connection),
            signed_by=keys[0].kid,
        )

    def read_batch(self, response: VendorResponse, subjects: Sequence[Subject]) -> list[str]:
        """Every person needs an answer of his own."""
        said = _answers(response)
        if said.keys() != {each.reference for each in subjects}:
            raise UnusableAnswer("not the people asked about")
        return [said[each.reference] for each in subjects]


def _fields(subject: Subject) -> dict[str, str]:
    return {
        "reference": subject.reference,
        "first_name": subject.first_name,
        "last_name": subject.last_name,
        "birth_date": subject.birth_date.isoformat(),
        "email": subject.email,
        "postcode": subject.postcode,
        "phone": subject.phone,
    }


def _answers(response: VendorResponse) -> dict[str, str]:
    if response.status != _OK:
        raise UnusableAnswer(f"HTTP {response.status}")
    try:
        said = {str(row["reference"]): str(row["answer"]) for row in json.loads(response.body)["answers"]}
    except (ValueError, TypeError, KeyError) as error:
        raise UnusableAnswer("not a list of answers") from error
    if not set(said.values()) <= {str(answer) for answer in _ANSWERS}:
        raise UnusableAnswer("an unknown answer")
    return said
