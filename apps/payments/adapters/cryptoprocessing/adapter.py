"""CryptoProcessing: callbacks in, deposit addresses and withdrawals out."""

import json
from collections.abc import Mapping
from typing import Any

from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest
from apps.integrations.key_usage import note_use
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorResponse, VendorTimeout, VendorUnreachable, call_vendor
from apps.payments.adapters.cryptoprocessing.signature import KEY_HEADER, SIGNATURE_HEADER, sign, verified_by
from apps.payments.adapters.cryptoprocessing.wire import BadCallback, event_of
from apps.payments.adapters.exact_json import BadJson, read_object, text_of
from apps.payments.contract import (
    CallbackReceipt,
    Capabilities,
    DepositOrder,
    DepositRefused,
    NextStep,
    Option,
    Outcome,
    PaymentEvent,
    PayoutOrder,
    PayoutRefused,
    PayoutResult,
    PayoutSubmitted,
    PayoutUnclear,
    PspState,
    Query,
)

ADDRESS_PATH = "api/v2/addresses/take"
WITHDRAWAL_PATH = "api/v2/withdrawal/crypto"
_TIMEOUT_SECONDS = 15.0
_DEFINITE_REFUSALS = frozenset({400, 401, 403, 404, 422})


class CryptoProcessingAdapter:
    """Speaks CryptoProcessing's API v2."""

    vendor = "cryptoprocessing"
    options = (Option("convert_to", "", "currency that deposits are exchanged to at the provider; empty keeps them"),)
    # The vendor's word for a broken connection: wait for the callback. There is nothing to ask.
    capabilities = Capabilities(methods=("crypto",), can_fetch=False, takes_addresses=True)

    def knows(self, path: str) -> bool:
        """One address for all callbacks."""
        return path == "callback"

    def receive(self, request: VendorRequest) -> CallbackReceipt:
        """Verify the raw body, then translate. The answer is a bare 200; anything else is repeated for a day."""
        purpose = Credential.Purpose.VERIFY_INBOUND
        given = request.headers.get(KEY_HEADER, "").encode()
        key = request.connection.key_shown(given, purpose, "key")
        secrets = request.connection.keys_for(purpose, "secret")
        kid = verified_by(secrets, request.body, request.headers.get(SIGNATURE_HEADER, ""))
        if kid is None or key is None:
            return CallbackReceipt(status=401, body=b"", outcome=Outcome.BAD_SIGNATURE)
        note_use(request.connection.id, key.kid, request.started_at)
        try:
            event = event_of(read_object(request.body))
        except (BadJson, BadCallback) as error:
            body = json.dumps({"error": f"not understood: {error}"[:200]}).encode()
            return CallbackReceipt(status=400, body=body, outcome=Outcome.BAD_REQUEST, verified_by=kid)
        return CallbackReceipt(
            status=200,
            body=b"",
            outcome=Outcome.ACCEPTED,
            events=(event,),
            verb=event.word[:32],
            refs=tuple(ref for ref in (event.psp_reference, event.reference, event.event_id) if ref),
            verified_by=kid,
        )

    def events(self, connection: Connection, body: bytes) -> tuple[PaymentEvent, ...]:  # noqa: ARG002 - the contract's
        """Read a stored callback anew."""
        return (event_of(read_object(body)),)

    def start_deposit(self, connection: Connection, order: DepositOrder) -> NextStep | DepositRefused:
        """Take an address for this deposit; the same foreign_id gives the same address."""
        body = {"foreign_id": order.key, "currency": order.money.currency}
        if connection.options.get("convert_to"):
            body["convert_to"] = str(connection.options["convert_to"])
        answer = _post(connection, ADDRESS_PATH, body, verb="address", key=order.key, player=order.customer.player_id)
        if answer.status in _DEFINITE_REFUSALS:
            return DepositRefused(*_errors(answer))
        data = _data(answer)
        address = text_of(data.get("address"))
        if not _is_success(answer) or not address or text_of(data.get("foreign_id")) != order.key:
            raise VendorTimeout(f"HTTP {answer.status} without an address")
        details = {"address": address, "tag": text_of(data.get("tag")), "currency": text_of(data.get("currency"))}
        return NextStep("address", details={name: text for name, text in details.items() if text})

    def submit_payout(self, connection: Connection, order: PayoutOrder) -> PayoutResult:
        """Ask for a withdrawal. Its foreign_id makes it unique there: one refused for that may have been accepted."""
        address, _, tag = order.instrument.token.partition("?tag=")
        body = {
            "foreign_id": order.key,
            "amount": order.money.format(),
            "currency": order.money.currency,
            "address": address,
        }
        if tag:
            body["tag"] = tag
        answer = _post(
            connection, WITHDRAWAL_PATH, body, verb="withdrawal", key=order.key, player=order.customer.player_id
        )
        if answer.status in _DEFINITE_REFUSALS:
            code, reason = _errors(answer)
            return PayoutUnclear(reason) if code == "foreign_id" else PayoutRefused(code, reason)
        data = _data(answer)
        operation = text_of(data.get("id"))
        if not _is_success(answer) or not operation or text_of(data.get("foreign_id")) != order.key:
            return PayoutUnclear(f"HTTP {answer.status} without an operation", psp_reference=operation)
        return PayoutSubmitted(operation)

    def fetch(self, connection: Connection, query: Query) -> PspState:  # noqa: ARG002 - the contract's
        """Say that there is nothing to ask; see `capabilities`."""
        return PspState(found=True, reason="CryptoProcessing cannot be asked; its callback decides")


def _post(
    connection: Connection, path: str, body: Mapping[str, Any], *, verb: str, key: str, player: int | None
) -> VendorResponse:
    keys = connection.keys_for(Credential.Purpose.API_ACCESS, "key")
    secrets = connection.keys_for(Credential.Purpose.SIGN_OUTBOUND, "secret")
    if not keys or not secrets:
        raise VendorUnreachable(f"{connection.slug} has no key or secret")
    raw = json.dumps(body, separators=(",", ":")).encode()
    return call_vendor(
        connection=connection,
        verb=verb,
        method="POST",
        path=path,
        body=raw,
        headers={
            "Content-Type": "application/json",
            KEY_HEADER: keys[0].secret.decode(),
            SIGNATURE_HEADER: sign(secrets[0].secret, raw),
        },
        timeout_seconds=_TIMEOUT_SECONDS,
        refs=(key,),
        player_id=player,
        signed_by=secrets[0].kid,
        let_in_by=keys[:1],
    )


def _is_success(answer: VendorResponse) -> bool:
    return answer.status in {200, 201}


def _data(answer: VendorResponse) -> Mapping[str, Any]:
    try:
        data = read_object(answer.body).get("data")
    except BadJson:
        return {}
    return data if isinstance(data, dict) else {}


def _errors(answer: VendorResponse) -> tuple[str, str]:
    """Name the first field that was refused, and why."""
    try:
        errors = read_object(answer.body).get("errors")
    except BadJson:
        errors = None
    if isinstance(errors, dict) and errors:
        name = "foreign_id" if "foreign_id" in errors else str(next(iter(errors)))
        return name[:64], text_of(errors[name])[:200]
    return str(answer.status), ""
