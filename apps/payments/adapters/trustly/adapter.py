"""Trustly: notifications in and their signed answers, Deposit, AccountPayout and GetWithdrawals out."""

from typing import Any

from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorTimeout, VendorUnreachable
from apps.integrations.rsa_keys import UnusableKey
from apps.payments.adapters.exact_json import text_of
from apps.payments.adapters.pattern import FUTURE_TOLERANCE
from apps.payments.adapters.trustly import rpc
from apps.payments.adapters.trustly.signature import sign, verified_by
from apps.payments.adapters.trustly.wire import (
    CERTAINLY_REFUSED,
    PAID_STATES,
    RETURNED_STATES,
    BadNotification,
    Call,
    event_of,
    message,
    money_text,
    read_call,
)
from apps.payments.contract import (
    CallbackReceipt,
    Capabilities,
    Customer,
    DepositOrder,
    DepositRefused,
    Direction,
    EventKind,
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


class TrustlyAdapter:
    """Speaks Trustly's JSON-RPC 1.1 (Europe)."""

    vendor = "trustly"
    options = (
        Option("signature_algorithm", "", "RS256, RS384 or RS512 for the newer form; empty for RSA with SHA-1"),
        Option("shopper_statement", "", "what the player reads on the bank statement"),
        Option("locale", "en_GB", "language of the bank selection"),
    )
    capabilities = Capabilities(methods=("bank_transfer",), query_pause_seconds=900, names_accounts=True)

    def knows(self, path: str) -> bool:
        """One address for all notifications."""
        return path == "notifications"

    def receive(self, request: VendorRequest) -> CallbackReceipt:
        """Verify the signature over the received node, translate, and answer signed."""
        try:
            call = read_call(request.body)
        except BadNotification as error:
            return _refusal(400, Outcome.BAD_REQUEST, f"not understood: {error}")
        keys = request.connection.keys_for(Credential.Purpose.VERIFY_INBOUND)
        kid = verified_by(keys, call.signature, method=call.method, uuid=call.uuid, data=call.data)
        if kid is None:
            return _refusal(401, Outcome.BAD_SIGNATURE, "the signature does not verify", verb=call.method)
        try:
            event = event_of(call)
        except BadNotification as error:
            return _refusal(400, Outcome.BAD_REQUEST, f"not understood: {error}", verb=call.method, kid=kid)
        if event.occurred_at is not None and event.occurred_at > request.now + FUTURE_TOLERANCE:
            return _refusal(400, Outcome.BAD_REQUEST, "the timestamp lies ahead", verb=call.method, kid=kid)
        return CallbackReceipt(
            status=200,
            body=_signed_ok(request.connection, call),
            outcome=Outcome.ACCEPTED,
            events=(event,),
            verb=call.method,
            refs=(event.event_id, event.psp_reference, event.reference),
            verified_by=kid,
        )

    def events(self, connection: Connection, body: bytes) -> tuple[PaymentEvent, ...]:  # noqa: ARG002 - the contract's
        """Read a stored notification anew."""
        return (event_of(read_call(body)),)

    def start_deposit(self, connection: Connection, order: DepositOrder) -> NextStep | DepositRefused:
        """Call Deposit: the player goes to the bank selection."""
        data = {
            "NotificationURL": order.notification_url,
            "EndUserID": order.customer.reference,
            "MessageID": order.key,
            "Attributes": _attributes(connection, order.customer)
            | {
                "Currency": order.money.currency,
                "Amount": money_text(order.money),
                "SuccessURL": order.success_url,
                "FailURL": order.fail_url,
            },
        }
        try:
            answer = rpc.call(
                connection, method="Deposit", data=data, refs=(order.key,), player_id=order.customer.player_id
            )
        except rpc.NotConfigured as error:
            raise VendorUnreachable(str(error)) from error
        if isinstance(answer, rpc.NotUnderstood):
            raise VendorTimeout(answer.reason)
        if answer.error in CERTAINLY_REFUSED:
            return DepositRefused(answer.error)
        order_id, url = _texts(answer.data, "orderid", "url")
        if answer.error or not order_id or not url:
            raise VendorTimeout(answer.error or "no order in the answer")
        return NextStep("redirect", url=url, psp_reference=order_id)

    def submit_payout(self, connection: Connection, order: PayoutOrder) -> PayoutResult:
        """Call AccountPayout. A repeated MessageID is an error that proves nothing."""
        data = {
            "AccountID": order.instrument.token,
            "Amount": money_text(order.money),
            "Currency": order.money.currency,
            "EndUserID": order.customer.reference,
            "MessageID": order.key,
            "NotificationURL": order.notification_url,
            "Attributes": {"ShopperStatement": str(connection.options.get("shopper_statement") or "")},
        }
        try:
            answer = rpc.call(
                connection, method="AccountPayout", data=data, refs=(order.key,), player_id=order.customer.player_id
            )
        except rpc.NotConfigured as error:
            raise VendorUnreachable(str(error)) from error
        if isinstance(answer, rpc.NotUnderstood):
            return PayoutUnclear(answer.reason)
        if answer.error in CERTAINLY_REFUSED:
            return PayoutRefused(answer.error)
        order_id, result = _texts(answer.data, "orderid", "result")
        if answer.error or result != "1" or not order_id:
            return PayoutUnclear(answer.error or f"result {result or 'missing'}", psp_reference=order_id)
        return PayoutSubmitted(order_id)

    def fetch(self, connection: Connection, query: Query) -> PspState:
        """Call GetWithdrawals, at most every 15 minutes for a payout; it knows payouts by the vendor's id only."""
        if query.direction != Direction.WITHDRAWAL or not query.psp_reference:
            return PspState(found=True, reason="Trustly cannot be asked for this; its notification decides")
        try:
            answer = rpc.call(
                connection, method="GetWithdrawals", data={"OrderID": query.psp_reference}, refs=(query.key,)
            )
        except rpc.NotConfigured as error:
            raise VendorUnreachable(str(error)) from error
        if isinstance(answer, rpc.NotUnderstood):
            raise VendorTimeout(answer.reason)
        rows = answer.data if isinstance(answer.data, list) else []
        states = {text_of(row.get("transferstate")) for row in rows if isinstance(row, dict)}
        return PspState(
            found=True,
            kind=_state_kind(states),
            psp_reference=query.psp_reference,
            word=",".join(sorted(states))[:64],
            reason=answer.error,
        )


def _state_kind(states: set[str]) -> EventKind | None:
    # Several transfers of one order: a later one may have replaced a returned one. Only one story proves something.
    if len(states) != 1:
        return None
    (state,) = states
    if state in PAID_STATES:
        return EventKind.PAYOUT_PAID
    return EventKind.PAYOUT_RETURNED if state in RETURNED_STATES else None


def _attributes(connection: Connection, customer: Customer) -> dict[str, Any]:
    return {
        "Country": customer.country,
        "Locale": str(connection.options.get("locale") or "en_GB"),
        "IP": customer.remote_address,
        "MobilePhone": customer.phone,
        "Firstname": customer.first_name,
        "Lastname": customer.last_name,
        "Email": customer.email,
        "ShopperStatement": str(connection.options.get("shopper_statement") or ""),
    }


def _texts(data: Any, *names: str) -> tuple[str, ...]:
    found = data if isinstance(data, dict) else {}
    return tuple(text_of(found.get(name)) for name in names)


def _signed_ok(connection: Connection, call: Call) -> bytes:
    result: dict[str, Any] = {"uuid": call.uuid, "method": call.method, "data": {"status": "OK"}}
    for key in connection.keys_for(Credential.Purpose.SIGN_OUTBOUND)[:1]:
        try:
            result["signature"] = sign(key.secret, method=call.method, uuid=call.uuid, data=result["data"])
        except UnusableKey:
            # Its sender will not take this for an acknowledgement and repeats; the event is stored all the same.
            break
    return message({"result": result})


def _refusal(status: int, outcome: Outcome, reason: str, *, verb: str = "", kid: str = "") -> CallbackReceipt:
    body = message({"error": {"code": status, "message": reason[:200]}})
    return CallbackReceipt(status=status, body=body, outcome=outcome, verb=verb, verified_by=kid)
