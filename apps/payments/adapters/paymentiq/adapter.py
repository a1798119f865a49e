"""PaymentIQ: each call of its cashier becomes one call of ours, and is answered at once."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlencode

from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest
from apps.payments.adapters.basic_auth import basic_auth_verified_by
from apps.payments.adapters.exact_json import BadJson, read_object, text_of
from apps.payments.adapters.paymentiq.wire import (
    BAD_REQUEST_CODE,
    NAME,
    NOTIFICATIONS,
    TRANSACTION_ID,
    BadCall,
    facts_of,
    instrument_of,
    method_of,
    movement_of,
    refusal,
    reply,
    required,
    user_fields,
)
from apps.payments.cashier_contract import Cashier, CashierAnswer, CashierCall, CashierPlayer, Refusal
from apps.payments.contract import (
    CallbackReceipt,
    Capabilities,
    DepositOrder,
    DepositRefused,
    EventKind,
    NextStep,
    Option,
    Outcome,
    PaymentEvent,
    PayoutOrder,
    PayoutRefused,
    PayoutResult,
    PspState,
    Query,
)
from apps.payments.dispute_contract import DisputeStage, DisputeStatus

Body = Mapping[str, Any]
PLAYER_ADDRESS_HEADER = "PIQ-Client-IP"


class PaymentIqAdapter:
    """Speaks PaymentIQ's Integration API."""

    vendor = "paymentiq"
    options = (
        Option("cashier_url", "", "the hosted cashier, to which the player is sent"),
        Option("merchant_id", "", "our merchant id there"),
        Option("allowed_networks", (), "addresses that its calls come from; empty: any"),
    )
    capabilities = Capabilities(
        methods=("creditcard", "bank", "skrill", "neteller"), submits_payouts=False, can_fetch=False
    )

    def __init__(self) -> None:
        self._calls: Mapping[str, Callable[[VendorRequest, Body, Cashier], CallbackReceipt]] = {
            "verifyuser": self._verify_user,
            "authorize": self._authorize,
            "transfer": self._transfer,
            "cancel": self._cancel,
            "notification": self._notification,
            "lookupuser": self._look_up_user,
        }

    def knows(self, path: str) -> bool:
        """The six methods of the protocol."""
        return path in self._calls

    def answer(self, request: VendorRequest, cashier: Cashier) -> CallbackReceipt:
        """Verify who calls, then make one call of the cashier and answer in the protocol."""
        kid = basic_auth_verified_by(request.connection, request.headers.get("authorization", ""))
        if kid is None or not _comes_from_allowed_network(request):
            return CallbackReceipt(
                status=401,
                body=b"",
                outcome=Outcome.BAD_SIGNATURE,
                verb=request.path,
                headers={"WWW-Authenticate": 'Basic realm="PaymentIQ"'},
            )
        try:
            receipt = self._calls[request.path](request, read_object(request.body), cashier)
        except (BadJson, BadCall) as error:
            reason = f"Not understood: {error}"[:200]
            body = reply({"success": False, "errCode": BAD_REQUEST_CODE, "errMsg": reason})
            receipt = CallbackReceipt(status=200, body=body, outcome=Outcome.BAD_REQUEST)
        receipt.verb, receipt.verified_by = request.path, kid
        return receipt

    def start_deposit(self, connection: Connection, order: DepositOrder) -> NextStep | DepositRefused:
        """Send the player to the cashier, which then calls us; nothing is sent from here."""
        address = str(connection.options.get("cashier_url") or "")
        if not address:
            return DepositRefused("no_cashier", "the integration has no cashier_url")
        query = {
            "merchantId": str(connection.options.get("merchant_id") or ""),
            "userId": order.customer.reference,
            "sessionId": order.session_token,
            "amount": order.money.format(),
            "currency": order.money.currency,
            "attributes.orderId": order.key,
        }
        return NextStep("redirect", url=f"{address}{'&' if '?' in address else '?'}{urlencode(query)}")

    def submit_payout(self, connection: Connection, order: PayoutOrder) -> PayoutResult:  # noqa: ARG002 - the contract's
        """Refuse: PaymentIQ's withdrawals begin at its cashier."""
        return PayoutRefused("not_supported", "PaymentIQ takes no payouts from us")

    def fetch(self, connection: Connection, query: Query) -> PspState:  # noqa: ARG002 - the contract's
        """Say that there is nothing to ask; the cashier repeats its calls until they are answered."""
        return PspState(found=True, reason="PaymentIQ cannot be asked; its calls decide")

    def _verify_user(self, request: VendorRequest, body: Body, cashier: Cashier) -> CallbackReceipt:
        user = required(body, "userId")
        found = cashier.verify_session(session_token=required(body, "sessionId"), user_id=user, now=request.now)
        return _user_receipt(found, user)

    def _look_up_user(self, request: VendorRequest, body: Body, cashier: Cashier) -> CallbackReceipt:
        terms = {
            "user_id": text_of(body.get("userId")),
            "username": text_of(body.get("username")),
            "email": text_of(body.get("email")),
        }
        found = cashier.find_player(now=request.now, **terms) if any(terms.values()) else None
        return _user_receipt(found or Refusal.UNKNOWN_PLAYER, terms["user_id"])

    def _authorize(self, request: VendorRequest, body: Body, cashier: Cashier) -> CallbackReceipt:
        call = _cashier_call(request, body)
        answer = cashier.authorize(call)
        fields: dict[str, Any] = {"authCode": answer.authorization, "merchantTxId": str(answer.number)}
        if answer.player is not None:
            fields["updatedUser"] = user_fields(answer.player)
        return _receipt(call, answer, fields)

    def _transfer(self, request: VendorRequest, body: Body, cashier: Cashier) -> CallbackReceipt:
        call = _cashier_call(request, body)
        answer = cashier.transfer(call)
        return _receipt(call, answer, {"txId": call.psp_reference, "merchantTxId": str(answer.number)})

    def _cancel(self, request: VendorRequest, body: Body, cashier: Cashier) -> CallbackReceipt:
        call = _cashier_call(request, body)
        return _receipt(call, cashier.cancel(call), {})

    def _notification(self, request: VendorRequest, body: Body, cashier: Cashier) -> CallbackReceipt:
        name, reference = required(body, "txName", NAME), required(body, "txRefId", TRANSACTION_ID)
        original = text_of(body.get("originTxId"))[:200]
        event = PaymentEvent(
            kind=NOTIFICATIONS.get(name, EventKind.UNKNOWN),
            event_id=f"notification:{name}:{reference}",
            word=name[:64],
            psp_reference=original,
            dispute_reference=reference,
            dispute_stage=DisputeStage.DISPUTE if name == "DisputeFiled" else "",
            dispute_status=DisputeStatus.OPENED if name == "DisputeFiled" else "",
            facts=facts_of(body),
        )
        answer = cashier.notify(event, request.now)
        user = text_of(body.get("userId"))
        refs = tuple(ref for ref in (reference, original) if ref)
        if answer.refusal is not None:
            return CallbackReceipt(200, refusal(answer.refusal, user), Outcome.REFUSED, refs=refs)
        return CallbackReceipt(200, reply({"success": True}), Outcome.ACCEPTED, refs=refs)


def _cashier_call(request: VendorRequest, body: Body) -> CashierCall:
    movement = movement_of(body)
    return CashierCall(
        direction=movement.direction,
        user_id=movement.user_id,
        psp_reference=movement.transaction_id,
        money=movement.money,
        now=request.now,
        method=method_of(movement.name),
        authorization=text_of(body.get("authCode"))[:64],
        reference=_order_of(body),
        original_reference=text_of(body.get("originTxId"))[:100],
        fee=movement.fee,
        reason=text_of(body.get("pspStatusMessage"))[:200],
        instrument=instrument_of(body),
        facts=facts_of(body),
    )


def _order_of(body: Body) -> str:
    """Our own reference, which the cashier was opened with and gives back among its attributes."""
    attributes = body.get("attributes")
    return text_of(attributes.get("orderId"))[:100] if isinstance(attributes, Mapping) else ""


def _receipt(call: CashierCall, answer: CashierAnswer, fields: Mapping[str, Any]) -> CallbackReceipt:
    refs = tuple(ref for ref in (call.psp_reference, answer.authorization) if ref)
    if answer.refusal is not None:
        return CallbackReceipt(200, refusal(answer.refusal, call.user_id), Outcome.REFUSED, refs=refs)
    customer = answer.player.customer if answer.player is not None else None
    return CallbackReceipt(
        status=200,
        body=reply({"userId": call.user_id, "success": True, **fields}),
        outcome=Outcome.ACCEPTED,
        refs=refs,
        player_id=customer.player_id if customer else None,
        transaction_id=answer.transaction_id,
    )


def _user_receipt(found: CashierPlayer | Refusal, user_id: str) -> CallbackReceipt:
    if isinstance(found, Refusal):
        return CallbackReceipt(200, refusal(found, user_id), Outcome.REFUSED)
    address = found.customer.remote_address
    return CallbackReceipt(
        status=200,
        body=reply(user_fields(found) | {"success": True}),
        outcome=Outcome.ACCEPTED,
        player_id=found.customer.player_id,
        headers={PLAYER_ADDRESS_HEADER: address} if address else {},
    )


def _comes_from_allowed_network(request: VendorRequest) -> bool:
    allowed = request.connection.options.get("allowed_networks") or ()
    if not allowed:
        return True
    try:
        address = ip_address(request.remote_address)
        return any(address in ip_network(str(network)) for network in allowed)
    except ValueError:
        return False
