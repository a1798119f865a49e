"""The simulated Adyen's API: payment links, transfers and their status."""

import json
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from apps.sandbox.models import SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.adyen import is_from_platform, main_units, psp_reference, transfer_document
from apps.sandbox.psps.journal import begin_payout, open_order

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
        account = body["counterparty"]["transferInstrumentId"]
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
