"""Adyen's services beside payments: refunds, stored payment methods, and disputes (DisputeService v30)."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from apps.core.money import AmountNotExact
from apps.integrations.connections import Connection
from apps.integrations.outbound import VendorResponse, VendorTimeout
from apps.payments.adapters.adyen import api
from apps.payments.adapters.adyen.wire import wire_amount
from apps.payments.adapters.exact_json import text_of
from apps.payments.contract import InstrumentFacts
from apps.payments.dispute_contract import (
    CallDone,
    CallRefused,
    CallResult,
    CallUnclear,
    DefenseReason,
    Document,
    DocumentKind,
    RefundOrder,
)

PAYMENTS_PATH = "v71/payments"
STORED_PATH = "v71/storedPaymentMethods"
DISPUTES_PATH = "ca/services/DisputeService/v30"
# What the service answers to a call that was made before: it is done.
_DONE_ALREADY = frozenset({"already_defended", "already_accepted"})


def refund(connection: Connection, order: RefundOrder) -> CallResult:
    """Ask for a refund of a captured payment. Its outcome is told by a REFUND notification."""
    try:
        amount = wire_amount(order.money)
    except AmountNotExact:
        return CallRefused("amount_not_exact", "finer than the provider's smallest unit")
    body = {"merchantAccount": api.merchant_of(connection), "amount": amount, "reference": order.key}
    path = f"{PAYMENTS_PATH}/{order.payment_reference}/refunds"
    answer = api.post(connection, path, body, verb="refund", key=order.key, player=order.player_id)
    found = api.document(answer)
    if answer.status in api.DEFINITE_REFUSALS:
        return CallRefused(text_of(found.get("errorCode")) or str(answer.status), text_of(found.get("message")))
    reference = text_of(found.get("pspReference"))
    if not api.is_success(answer) or not reference or text_of(found.get("reference")) != order.key:
        return CallUnclear(f"HTTP {answer.status} without a refund")
    return CallDone(reference)


def stored_instruments(connection: Connection, customer_reference: str) -> Mapping[str, InstrumentFacts]:
    """
    List what is stored for a shopper, by its token.

    :raises VendorTimeout: the answer can not be read
    """
    query = {"merchantAccount": api.merchant_of(connection), "shopperReference": customer_reference}
    path = f"{STORED_PATH}?{urlencode(query)}"
    answer = api.get(connection, path, verb="stored_methods", ref=customer_reference)
    rows = answer.get("storedPaymentMethods")
    if not isinstance(rows, list) or text_of(answer.get("shopperReference")) != customer_reference:
        raise VendorTimeout("no stored methods of this shopper in the answer")
    facts = [_facts(row) for row in rows if isinstance(row, Mapping)]
    return {each.token: each for each in facts if each.token}


def defense_reasons(connection: Connection, dispute_reference: str) -> Sequence[DefenseReason]:
    """
    Ask on what grounds a dispute may be defended.

    :raises VendorTimeout: the answer can not be read
    """
    answer = _dispute_call(connection, "retrieveApplicableDefenseReasons", dispute_reference, {})
    rows = api.document(answer).get("defenseReasons")
    if not api.is_success(answer) or not isinstance(rows, list):
        raise VendorTimeout(f"HTTP {answer.status} without reasons")
    return [_reason(row) for row in rows if isinstance(row, Mapping) and text_of(row.get("defenseReasonCode"))]


def defend(connection: Connection, dispute_reference: str, reason: str, documents: Sequence[Document]) -> CallResult:
    """Supply the documents, then defend. A document supplied again replaces the one of its kind."""
    if documents:
        supplied = [
            {
                "content": base64.b64encode(each.content).decode(),
                "contentType": each.content_type,
                "defenseDocumentTypeCode": each.code,
            }
            for each in documents
        ]
        result = _result(
            _dispute_call(connection, "supplyDefenseDocument", dispute_reference, {"defenseDocuments": supplied})
        )
        if not isinstance(result, CallDone):
            return result
    return _result(_dispute_call(connection, "defendDispute", dispute_reference, {"defenseReasonCode": reason}))


def accept(connection: Connection, dispute_reference: str) -> CallResult:
    """Accept the dispute: the money stays with the payer."""
    return _result(_dispute_call(connection, "acceptDispute", dispute_reference, {}))


def _dispute_call(connection: Connection, name: str, dispute_reference: str, more: Mapping[str, Any]) -> VendorResponse:
    body = {"disputePspReference": dispute_reference, "merchantAccountCode": api.merchant_of(connection), **more}
    # The service knows no idempotency keys of ours; each call may be repeated as it is.
    return api.post(connection, f"{DISPUTES_PATH}/{name}", body, verb=name[:32], ref=dispute_reference)


def _result(answer: VendorResponse) -> CallResult:
    found = api.document(answer)
    result = found.get("disputeServiceResult")
    told = result if isinstance(result, Mapping) else {}
    if api.is_success(answer) and text_of(told.get("success")) == "true":
        return CallDone()
    error = text_of(told.get("errorMessage"))
    if error in _DONE_ALREADY:
        return CallDone()
    if api.is_success(answer) and text_of(told.get("success")) == "false":
        return CallRefused("refused", error[:200])
    if answer.status in api.DEFINITE_REFUSALS:
        return CallRefused(text_of(found.get("errorCode")) or str(answer.status), text_of(found.get("message"))[:200])
    return CallUnclear(f"HTTP {answer.status} without a result")


def _reason(row: Mapping[str, Any]) -> DefenseReason:
    kinds = row.get("defenseDocumentTypes")
    documents = tuple(
        DocumentKind(text_of(kind.get("defenseDocumentTypeCode")), text_of(kind.get("requirementLevel")) == "Required")
        for kind in (kinds if isinstance(kinds, list) else [])
        if isinstance(kind, Mapping) and text_of(kind.get("defenseDocumentTypeCode"))
    )
    return DefenseReason(text_of(row.get("defenseReasonCode"))[:60], documents)


def _facts(row: Mapping[str, Any]) -> InstrumentFacts:
    last, brand = text_of(row.get("lastFour")), text_of(row.get("brand")) or text_of(row.get("type"))
    iban = text_of(row.get("iban"))
    masked = f"{brand} …{last}" if last else f"{iban[:4]}…{iban[-4:]}" if iban else brand
    holder = text_of(row.get("holderName")) or text_of(row.get("ownerName"))
    return InstrumentFacts(token=text_of(row.get("id"))[:200], masked=masked[:80], holder=holder[:160])
