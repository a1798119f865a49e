"""
GAMSTOP (Great Britain): form POST with an API key; the answer is a header.

Single: `POST /v2`, fields firstName, lastName, dateOfBirth, email, postcode, mobile; answer in `X-Exclusion`: Y
excluded, N not, P previously. Batch: up to 1 000 rows. Known from public operator code (confidence B); the batch body
is C: a JSON list of the same fields with `correlationId`, answered by a list of `{"correlationId", "exclusion"}`.
"""

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from apps.integrations.connections import Connection
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorResponse, call_vendor
from apps.safer_play.models import RegisterQuery
from apps.safer_play.registers.contract import Subject, UnusableAnswer, timeout_of

_ANSWERS = {
    "Y": RegisterQuery.Answer.EXCLUDED,
    "N": RegisterQuery.Answer.CLEAR,
    "P": RegisterQuery.Answer.PREVIOUSLY,
}
_OK = 200
_NO_KEY = "no API key"


class Gamstop:
    """GAMSTOP's exclusion API."""

    largest_batch = 1000

    def ask(self, connection: Connection, subject: Subject, *, purpose: str) -> VendorResponse:
        """One person."""
        return _post(
            connection,
            path=str(connection.options.get("path", "v2")),
            body=urlencode(_fields(subject)).encode(),
            content_type="application/x-www-form-urlencoded",
            verb=f"check-{purpose}",
        )

    def read(self, response: VendorResponse) -> str:
        """The header, and nothing else: a body says nothing."""
        if response.status != _OK:
            raise UnusableAnswer(f"HTTP {response.status}")
        return _answer(response.headers.get("x-exclusion"))

    def ask_batch(self, connection: Connection, subjects: Sequence[Subject], *, purpose: str) -> VendorResponse:
        """Up to a thousand."""
        rows = [{"correlationId": each.reference, **_fields(each)} for each in subjects]
        return _post(
            connection,
            path=str(connection.options.get("batch_path", "batch/v2")),
            body=json.dumps(rows).encode(),
            content_type="application/json",
            verb=f"batch-{purpose}",
        )

    def read_batch(self, response: VendorResponse, subjects: Sequence[Subject]) -> list[str]:
        """Every person needs an answer of his own."""
        if response.status != _OK:
            raise UnusableAnswer(f"HTTP {response.status}")
        try:
            rows = json.loads(response.body)
            said = {str(row["correlationId"]): row["exclusion"] for row in rows}
        except (ValueError, TypeError, KeyError) as error:
            raise UnusableAnswer("not a list of answers") from error
        return [_answer(said.get(each.reference)) for each in subjects]


def _fields(subject: Subject) -> dict[str, str]:
    return {
        "firstName": subject.first_name,
        "lastName": subject.last_name,
        "dateOfBirth": subject.birth_date.isoformat(),
        "email": subject.email,
        "postcode": subject.postcode,
        "mobile": subject.phone,
    }


def _answer(word: object) -> str:
    if not isinstance(word, str) or word not in _ANSWERS:
        raise UnusableAnswer(f"X-Exclusion {word!r:.20}")
    return _ANSWERS[word]


def _post(connection: Connection, *, path: str, body: bytes, content_type: str, verb: str) -> VendorResponse:
    keys = connection.keys_for(Credential.Purpose.API_ACCESS)
    if not keys:
        raise UnusableAnswer(_NO_KEY)
    return call_vendor(
        connection=connection,
        verb=verb,
        method="POST",
        path=path,
        body=body,
        headers={"X-API-Key": keys[0].secret.decode(), "Content-Type": content_type},
        timeout_seconds=timeout_of(connection),
        signed_by=keys[0].kid,
    )
