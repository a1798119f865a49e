"""Adyen: notifications in, payment links and transfers out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from apps.core.money import AmountNotExact
from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorTimeout
from apps.payments.adapters.adyen import api, services
from apps.payments.adapters.adyen.signature import item_verified_by, payload_verified_by
from apps.payments.adapters.adyen.wire import (
    TRANSFER_STATES,
    BadItem,
    event_of_item,
    event_of_transfer,
    money_of,
    wire_amount,
)
from apps.payments.adapters.basic_auth import basic_auth_verified_by
from apps.payments.adapters.exact_json import BadJson, read_object, text_of
from apps.payments.adapters.pattern import FUTURE_TOLERANCE
from apps.payments.contract import (
    CallbackReceipt,
    Capabilities,
    DepositOrder,
    DepositRefused,
    Direction,
    EventKind,
    InstrumentFacts,
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
from apps.payments.dispute_contract import CallResult, DefenseReason, Document, RefundOrder

LINKS_PATH = "v71/paymentLinks"
TRANSFERS_PATH = "btl/v4/transfers"
MOST_ITEMS = 100


class AdyenAdapter:
    """Speaks Adyen's standard notifications, transfer webhooks, Checkout links and Transfers v4."""

    vendor = "adyen"
    options = (
        Option("merchant_account", "", "our merchant account: items for another are refused"),
        Option("balance_account", "", "the balance account that payouts are taken from"),
        Option("basic_auth", True, "notifications must carry the user name and password too"),
    )
    capabilities = Capabilities(methods=("card", "bank_transfer"), names_accounts=True)

    def knows(self, path: str) -> bool:
        """One address for all webhooks."""
        return path == "notifications"

    def receive(self, request: VendorRequest) -> CallbackReceipt:
        """Verify the caller, then every item of the batch by itself: one bad item refuses the whole."""
        connection = request.connection
        wants_password = connection.options.get("basic_auth", True)
        if wants_password and basic_auth_verified_by(connection, request.headers.get("authorization", "")) is None:
            return _refusal(401, Outcome.BAD_SIGNATURE, "user name or password")
        try:
            message = read_object(request.body)
            kid = _verified_by(connection, request, message)
            if kid is None:
                return _refusal(401, Outcome.BAD_SIGNATURE, "the signature does not verify")
            events = _events(connection, message)
        except (BadJson, BadItem) as error:
            return _refusal(400, Outcome.BAD_REQUEST, f"not understood: {error}")
        if any(each.occurred_at and each.occurred_at > request.now + FUTURE_TOLERANCE for each in events):
            return _refusal(400, Outcome.BAD_REQUEST, "from the future")
        return CallbackReceipt(
            status=200,
            body=b"[accepted]",
            content_type="text/plain",
            outcome=Outcome.ACCEPTED,
            events=events,
            verb=events[0].word[:32] if events else "",
            refs=tuple(
                dict.fromkeys(
                    ref
                    for each in events
                    for ref in (each.psp_reference, each.dispute_reference, each.reference)
                    if ref
                )
            ),
            verified_by=kid,
        )

    def events(self, connection: Connection, body: bytes) -> tuple[PaymentEvent, ...]:
        """Read a stored body anew."""
        return _events(connection, read_object(body))

    def start_deposit(self, connection: Connection, order: DepositOrder) -> NextStep | DepositRefused:
        """Make a payment link; the same Idempotency-Key gives the same link."""
        try:
            amount = wire_amount(order.money)
        except AmountNotExact:
            return DepositRefused("amount_not_exact", "finer than the provider's smallest unit")
        body = {
            "merchantAccount": api.merchant_of(connection),
            "reference": order.key,
            "amount": amount,
            "shopperReference": order.customer.reference,
            "shopperEmail": order.customer.email,
            "shopperName": {"firstName": order.customer.first_name, "lastName": order.customer.last_name},
            "countryCode": order.customer.country,
            "returnUrl": order.success_url,
            # So that money can go back the way it came: RECURRING_CONTRACT tells the token.
            "storePaymentMethodMode": "enabled",
            "recurringProcessingModel": "CardOnFile",
        }
        answer = api.post(
            connection, LINKS_PATH, body, verb="payment_link", key=order.key, player=order.customer.player_id
        )
        found = api.document(answer)
        if answer.status in api.DEFINITE_REFUSALS:
            return DepositRefused(text_of(found.get("errorCode")) or str(answer.status), text_of(found.get("message")))
        url = text_of(found.get("url"))
        if not api.is_success(answer) or not url or text_of(found.get("reference")) != order.key:
            raise VendorTimeout(f"HTTP {answer.status} without a link")
        return NextStep("redirect", url=url)

    def submit_payout(self, connection: Connection, order: PayoutOrder) -> PayoutResult:
        """Make a transfer; a repeated Idempotency-Key gives the first transfer again."""
        try:
            amount = wire_amount(order.money)
        except AmountNotExact:
            return PayoutRefused("amount_not_exact", "finer than the provider's smallest unit")
        body = {
            "amount": amount,
            "balanceAccountId": str(connection.options.get("balance_account") or ""),
            "category": "card" if order.method == "card" else "bank",
            "counterparty": _counterparty(order),
            "reference": order.key,
        }
        answer = api.post(
            connection, TRANSFERS_PATH, body, verb="transfer", key=order.key, player=order.customer.player_id
        )
        found = api.document(answer)
        if answer.status in api.DEFINITE_REFUSALS:
            return PayoutRefused(text_of(found.get("errorCode")) or str(answer.status), text_of(found.get("detail")))
        transfer, status = text_of(found.get("id")), text_of(found.get("status"))
        if not api.is_success(answer) or not transfer or text_of(found.get("reference")) != order.key:
            return PayoutUnclear(f"HTTP {answer.status} without a transfer", psp_reference=transfer)
        if TRANSFER_STATES.get(status) == EventKind.PAYOUT_FAILED:
            return PayoutRefused(status, text_of(found.get("reason")))
        return PayoutSubmitted(transfer)

    def fetch(self, connection: Connection, query: Query) -> PspState:
        """Ask for a transfer by its id, or by our reference where the answer with the id was lost."""
        if query.direction != Direction.WITHDRAWAL:
            return PspState(found=True, reason="deposits are told by notification")
        by_id = bool(query.psp_reference)
        path = f"{TRANSFERS_PATH}/{query.psp_reference}" if by_id else f"{TRANSFERS_PATH}?reference={quote(query.key)}"
        message = api.get(connection, path, verb="transfer_status", ref=query.key)
        try:
            return _state(_one_transfer(message, query.key) if not by_id else message, query.key)
        except BadItem as error:
            raise VendorTimeout(f"not understood: {error}") from error

    def refund(self, connection: Connection, order: RefundOrder) -> CallResult:
        """Refund a payment; a repeated Idempotency-Key gives the first refund again."""
        return services.refund(connection, order)

    def stored_instruments(self, connection: Connection, customer_reference: str) -> Mapping[str, InstrumentFacts]:
        """List the cards and accounts stored for a player: what RECURRING_CONTRACT names is looked up here."""
        return services.stored_instruments(connection, customer_reference)

    def defense_reasons(self, connection: Connection, dispute_reference: str) -> Sequence[DefenseReason]:
        """Call retrieveApplicableDefenseReasons."""
        return services.defense_reasons(connection, dispute_reference)

    def defend(
        self, connection: Connection, dispute_reference: str, reason: str, documents: Sequence[Document]
    ) -> CallResult:
        """Call supplyDefenseDocument, then defendDispute."""
        return services.defend(connection, dispute_reference, reason, documents)

    def accept(self, connection: Connection, dispute_reference: str) -> CallResult:
        """Call acceptDispute."""
        return services.accept(connection, dispute_reference)


def _verified_by(connection: Connection, request: VendorRequest, message: Mapping[str, Any]) -> str | None:
    keys = connection.keys_for(Credential.Purpose.VERIFY_INBOUND, "hmac_key_hex")
    if "notificationItems" not in message:
        return payload_verified_by(keys, request.body, request.headers.get("hmacsignature", ""))
    kids = [item_verified_by(keys, item) for item in _items(message)]
    return kids[0] if kids and all(kids) else None


def _events(connection: Connection, message: Mapping[str, Any]) -> tuple[PaymentEvent, ...]:
    if "notificationItems" not in message:
        return (event_of_transfer(message),)
    merchant = api.merchant_of(connection)
    return tuple(event_of_item(item, merchant) for item in _items(message))


def _items(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    wrapped = message.get("notificationItems")
    if not isinstance(wrapped, list) or not 0 < len(wrapped) <= MOST_ITEMS:
        raise BadItem("notificationItems")
    items = [each.get("NotificationRequestItem") if isinstance(each, dict) else None for each in wrapped]
    found = [item for item in items if isinstance(item, dict)]
    if len(found) != len(wrapped):
        raise BadItem("NotificationRequestItem")
    return list(found)


def _counterparty(order: PayoutOrder) -> dict[str, Any]:
    """A stored card, or a stored bank account."""
    if order.method != "card":
        return {"transferInstrumentId": order.instrument.token}
    customer = order.customer
    holder = {"type": "individual", "firstName": customer.first_name, "lastName": customer.last_name}
    return {"card": {"cardHolder": holder, "cardIdentification": {"storedPaymentMethodId": order.instrument.token}}}


def _one_transfer(message: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    rows = message.get("data")
    if not isinstance(rows, list):
        raise BadItem("data")
    found = [row for row in rows if isinstance(row, dict) and text_of(row.get("reference")) == key]
    if len(found) > 1:
        raise BadItem("several transfers under one reference")
    return found[0] if found else None


def _state(transfer: Mapping[str, Any] | None, key: str) -> PspState:
    if transfer is None:
        return PspState(found=False)
    if text_of(transfer.get("reference")) != key:
        raise BadItem("a transfer under another reference")
    status = text_of(transfer.get("status"))
    return PspState(
        found=True,
        kind=TRANSFER_STATES.get(status),
        psp_reference=text_of(transfer.get("id")),
        amount=money_of(transfer.get("amount")),
        word=status[:64],
        reason=text_of(transfer.get("reason"))[:200],
    )


def _refusal(status: int, outcome: Outcome, reason: str) -> CallbackReceipt:
    body = json.dumps({"error": reason[:200]}).encode()
    return CallbackReceipt(status=status, body=body, outcome=outcome)
