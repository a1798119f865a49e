"""How adapters make a wallet call of a request: the fields all protocols share, and the digest of a command's terms."""

import hashlib
from typing import Any, TypeVar

import msgspec

from apps.core.ids import token_digest
from apps.integrations.door import VendorRequest
from apps.integrations.exchange_log import masked_headers
from apps.providers.wallet_calls import WalletCall

T = TypeVar("T", bound=msgspec.Struct)


class Unreadable(ValueError):
    """The body is not what the protocol says. `lacks_field`: it is JSON, but something required is missing."""

    def __init__(self, reason: str, *, lacks_field: bool = False, is_json: bool = False) -> None:
        super().__init__(reason)
        self.lacks_field = lacks_field
        self.is_json = is_json


def decoded(body: bytes, type_: type[T]) -> T:
    """
    Decode a JSON body strictly, in one step.

    :raises Unreadable: for malformed JSON, missing fields and fields of another type
    """
    try:
        # As text: the decoder alone would pass over bytes that are not UTF-8 in a field it does not know.
        return msgspec.json.decode(body.decode(), type=type_)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error), lacks_field="missing required field" in str(error), is_json=True) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("malformed JSON") from error


def fingerprint(verb: str, *terms: object) -> str:
    """Digest of a command's terms as PostgreSQL bytea input: the same id with other terms is a conflict."""
    text = "\x1f".join((verb, *map(str, terms)))
    return "\\x" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def wallet_call(
    request: VendorRequest, *, verified_by: str, verb: str, token: str, terms: tuple[object, ...], **fields: Any
) -> WalletCall:
    """
    Make a call of a verified request whose body is UTF-8.

    :param token: the session's token as the vendor sent it
    :param terms: what has to be the same when the same key comes again
    """
    return WalletCall(
        request_id=request.id,
        integration_id=request.connection.id,
        verb=verb,
        token="\\x" + token_digest(token).hex(),
        fingerprint=fingerprint(verb, *terms),
        now=request.now,
        started_at=request.started_at,
        method=request.method,
        path=request.full_path,
        headers=masked_headers(request.headers),
        body=request.body.decode(),
        remote_address=request.remote_address,
        verified_by=verified_by,
        **fields,
    )
