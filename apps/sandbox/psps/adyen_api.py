"""The simulated Adyen's API: payment links, transfers and their status."""

import json
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from apps.sandbox.models import SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.adyen import (
    is_from_platform,
    main_units,
    psp_reference,
    stored_token,
    transfer_document,
)
from apps.sandbox.psps.journal import begin_payout, open_order, tell_more, tell_of_refund
from apps.sandbox.psps.protocol import Told

_STATES = {"open": "authorised", "done": "booked", "failed": "failed", "returned": "returned"}


@csrf_exempt
@require_POST
def payment_links(request: HttpRequest) -> HttpResponse:
    """Make a link to the payment page; the same reference gives the same link."""
    psp, body = _verified(request)
    if psp is None:
        return HttpResponse(status=401)
    try:
        payment, _ = open_order(
            psp,
            reference=body["reference"],
            is_payout=False,
            user=body["shopperReference"],
            return_url=body.get("returnUrl", ""),
            details={"holder": " ".join((body.get("shopperName") or {}).values())},
            **_money(body),
        )
    except (KeyError, TypeError, ValueError):
        return JsonResponse({"errorCode": "130", "message": "Required field missing"}, status=422)
    url = request.build_absolute_uri(reverse("sandbox-psp-pay", args=[psp.slug, payment.pk]))
    return JsonResponse({"id": f"PL{payment.number}", "reference": payment.reference, "url": url}, status=201)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def transfers(request: HttpRequest) -> HttpResponse:  # noqa: PLR0911 - each fault has its own answer
    """Make a transfer, or look transfers up by reference."""
    psp, body = _verified(request)
    if psp is None:
        return HttpResponse(status=401)
    if request.method == "GET":
        found = SimulatedPayment.objects.filter(psp=psp, is_payout=True, reference=request.GET.get("reference", ""))
        return JsonResponse({"data": [_document(payment) for payment in found]})
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.BREAK:
        return HttpResponse(status=500)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.REFUSE:
        return JsonResponse({"errorCode": "1", "detail": "Unknown transfer instrument"}, status=422)
    try:
        account = _account(body["counterparty"])
        payment, is_new = open_order(
            psp, reference=body["reference"], is_payout=True, details={"account": account}, **_money(body)
        )
    except (KeyError, TypeError, ValueError):
        return JsonResponse({"errorCode": "2", "detail": "Required field missing"}, status=422)
    if is_new:
        begin_payout(payment)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.LOSE_REPLY:
        return HttpResponse(status=504)
    return JsonResponse(transfer_document(payment, "authorised"), status=202)


@require_http_methods(["GET"])
def transfer(request: HttpRequest, transfer_id: str) -> HttpResponse:
    """Show one transfer."""
    psp, _ = _verified(request)
    if psp is None:
        return HttpResponse(status=401)
    payouts = SimulatedPayment.objects.filter(psp=psp, is_payout=True)
    found = next((payment for payment in payouts if psp_reference(payment) == transfer_id), None)
    return HttpResponse(status=404) if found is None else JsonResponse(_document(found))


def _account(counterparty: dict[str, Any]) -> str:
    """A stored bank account, or a stored card."""
    if "card" in counterparty:
        return str(counterparty["card"]["cardIdentification"]["storedPaymentMethodId"])
    return str(counterparty["transferInstrumentId"])


def _document(payment: SimulatedPayment) -> dict[str, Any]:
    return transfer_document(payment, _STATES.get(payment.state, "authorised"))


def _money(body: dict[str, Any]) -> dict[str, Decimal | str]:
    value, currency = int(body["amount"]["value"]), str(body["amount"]["currency"])
    return {"amount": main_units(value, currency), "currency": currency}


def _verified(request: HttpRequest) -> tuple[SimulatedPsp | None, dict[str, Any]]:
    psp = SimulatedPsp.objects.filter(slug="adyen").first()
    if psp is None or not is_from_platform(psp, request.headers.get("X-API-Key", "")):
        return None, {}
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return psp, {}
    return psp, body if isinstance(body, dict) else {}


@csrf_exempt
@require_POST
def refunds(request: HttpRequest, payment_reference: str) -> HttpResponse:  # noqa: PLR0911 - as above
    """Refund a payment; the same reference is one refund, however often it is asked for."""
    psp, body = _verified(request)
    if psp is None:
        return HttpResponse(status=401)
    paid = _paid(psp, payment_reference)
    if paid is None:
        return JsonResponse({"errorCode": "167", "message": "Original pspReference required"}, status=422)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.BREAK:
        return HttpResponse(status=500)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.REFUSE:
        return JsonResponse({"errorCode": "137", "message": "Invalid amount specified"}, status=422)
    try:
        reference, value = str(body["reference"]), int(body["amount"]["value"])
    except (KeyError, TypeError, ValueError):
        return JsonResponse({"errorCode": "130", "message": "Required field missing"}, status=422)
    own = psp_reference(paid, reference)
    is_new = tell_of_refund(paid, reference=reference, value=value)
    if is_new and psp.payout_answer == SimulatedPsp.PayoutAnswer.LOSE_REPLY:
        return HttpResponse(status=504)
    return JsonResponse({"pspReference": own, "reference": reference, "status": "received"}, status=201)


@require_http_methods(["GET"])
def stored_methods(request: HttpRequest) -> HttpResponse:
    """List the cards stored for a shopper: one for each currency in which something was paid."""
    psp, _ = _verified(request)
    if psp is None:
        return HttpResponse(status=401)
    shopper = request.GET.get("shopperReference", "")
    paid = SimulatedPayment.objects.filter(psp=psp, is_payout=False, user=shopper).exclude(state="open")
    cards = {stored_token(each): each for each in paid}
    rows = [
        {
            "id": token, "brand": "visa", "lastFour": "1111", "expiryMonth": "03", "expiryYear": "2030",
            "type": "scheme", "holderName": each.details.get("holder", ""),
        }
        for token, each in cards.items()
    ]  # fmt: skip
    document = {"merchantAccount": psp.secrets["merchant_account"], "shopperReference": shopper}
    return JsonResponse({**document, "storedPaymentMethods": rows})


@csrf_exempt
@require_POST
def disputes(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a call of DisputeService v30: grounds, documents, defence, acceptance."""
    psp, body = _verified(request)
    if psp is None:
        return HttpResponse(status=401)
    contested = SimulatedPayment.objects.filter(psp=psp, is_payout=False, state=SimulatedPayment.State.DISPUTED)
    wanted = str(body.get("disputePspReference", ""))
    payment = next((each for each in contested if psp_reference(each, "dispute") == wanted), None)
    if payment is None:
        return JsonResponse({"errorCode": "10_001", "message": "Dispute not found"}, status=422)
    if name == "retrieveApplicableDefenseReasons":
        return JsonResponse({"defenseReasons": _GROUNDS, "disputeServiceResult": {"success": True}})
    if name not in _DISPUTE_CALLS:
        return HttpResponse(status=404)
    return JsonResponse({"disputeServiceResult": _answered(payment, name, body)})


def _answered(payment: SimulatedPayment, name: str, body: dict[str, Any]) -> dict[str, Any]:
    details = payment.details
    if name == "supplyDefenseDocument":
        documents = body.get("defenseDocuments") or []
        if not documents or any(each.get("contentType") != "application/pdf" for each in documents):
            return {"success": False, "errorMessage": "Document type not supported"}
        details["documents"] = [str(each.get("defenseDocumentTypeCode")) for each in documents]
    elif details.get("answer"):
        return {"success": False, "errorMessage": "Dispute is closed"}
    elif name == "defendDispute":
        grounds = {each["defenseReasonCode"] for each in _GROUNDS}
        if body.get("defenseReasonCode") not in grounds or not details.get("documents"):
            return {"success": False, "errorMessage": "Required documents are missing"}
        details["answer"] = "defended"
        tell_more(payment, [Told("INFORMATION_SUPPLIED", {"success": "true"})])
    else:
        details["answer"] = "accepted"
    payment.details = details
    payment.save(update_fields=["details"])
    return {"success": True}


def _paid(psp: SimulatedPsp, reference: str) -> SimulatedPayment | None:
    paid = SimulatedPayment.objects.filter(psp=psp, is_payout=False).exclude(state=SimulatedPayment.State.OPEN)
    return next((each for each in paid if psp_reference(each) == reference), None)


_DISPUTE_CALLS = frozenset({"supplyDefenseDocument", "defendDispute", "acceptDispute"})
_GROUNDS = [
    {
        "defenseReasonCode": "GoodsOrServicesProvided",
        "defenseDocumentTypes": [
            {"defenseDocumentTypeCode": "DefenseMaterial", "requirementLevel": "Required", "available": False}
        ],
        "satisfied": False,
    },
    {"defenseReasonCode": "SupplyDefenseMaterial", "defenseDocumentTypes": [], "satisfied": True},
]
