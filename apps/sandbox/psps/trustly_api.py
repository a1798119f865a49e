"""The simulated Trustly's JSON-RPC API: Deposit, AccountPayout, GetWithdrawals."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.models import SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.journal import begin_payout, open_order
from apps.sandbox.psps.protocol import amount_text
from apps.sandbox.psps.trustly import answer, error, is_signed

_STATES = {"open": "QUEUED", "done": "CONFIRMED", "failed": "FAILED", "returned": "RETURNED"}
_INVALID, _DUPLICATE, _CREDENTIALS = 623, 688, 616


@csrf_exempt
@require_POST
def call(request: HttpRequest) -> HttpResponse:
    """Verify the platform's signature, then do what is asked."""
    psp = SimulatedPsp.objects.filter(slug="trustly").first()
    try:
        message = json.loads(request.body)
        method, params = message["method"], message["params"]
        uuid, data, signature = params["UUID"], params["Data"], params["Signature"]
    except (ValueError, KeyError, TypeError):
        return HttpResponse(status=400)
    if psp is None or not isinstance(data, dict):
        return HttpResponse(status=404)
    secrets = psp.secrets
    is_known = (data.get("Username"), data.get("Password")) == (secrets["username"], secrets["password"])
    if not is_known or not is_signed(secrets["platform_key_pem"], str(signature), method, uuid, data):
        return JsonResponse(error(psp, method, uuid, _CREDENTIALS, "ERROR_INVALID_CREDENTIALS"))
    acts = {"Deposit": _deposit, "AccountPayout": _payout, "GetWithdrawals": _withdrawals}
    if method not in acts:
        return JsonResponse(error(psp, method, uuid, _INVALID, "ERROR_INVALID_FUNCTION"))
    try:
        return acts[method](request, psp, uuid, data)
    except (KeyError, TypeError, InvalidOperation):
        return JsonResponse(error(psp, method, uuid, _INVALID, "ERROR_INVALID_PARAMETERS"))


def _deposit(request: HttpRequest, psp: SimulatedPsp, uuid: str, data: dict[str, Any]) -> HttpResponse:
    attributes = data["Attributes"]
    payment, is_new = open_order(
        psp,
        reference=data["MessageID"],
        is_payout=False,
        user=data["EndUserID"],
        amount=Decimal(attributes["Amount"]),
        currency=attributes["Currency"],
        notify_url=data["NotificationURL"],
        return_url=attributes.get("SuccessURL", ""),
        details={"holder": f"{attributes.get('Lastname', '')} {attributes.get('Firstname', '')}".upper().strip()},
    )
    if not is_new:
        return JsonResponse(error(psp, "Deposit", uuid, _DUPLICATE, "ERROR_DUPLICATE_MESSAGE_ID"))
    url = request.build_absolute_uri(reverse("sandbox-psp-pay", args=[psp.slug, payment.pk]))
    return JsonResponse(answer(psp, "Deposit", uuid, {"orderid": payment.number, "url": url}))


def _payout(request: HttpRequest, psp: SimulatedPsp, uuid: str, data: dict[str, Any]) -> HttpResponse:  # noqa: ARG001
    settings = SimulatedPsp.PayoutAnswer
    if psp.payout_answer == settings.BREAK:
        return HttpResponse(status=500)
    if psp.payout_answer == settings.REFUSE:
        return JsonResponse(error(psp, "AccountPayout", uuid, _INVALID, "ERROR_ACCOUNT_NOT_FOUND"))
    payment, is_new = open_order(
        psp,
        reference=data["MessageID"],
        is_payout=True,
        user=data["EndUserID"],
        amount=Decimal(data["Amount"]),
        currency=data["Currency"],
        notify_url=data["NotificationURL"],
        details={"account": data["AccountID"]},
    )
    if not is_new:
        return JsonResponse(error(psp, "AccountPayout", uuid, _DUPLICATE, "ERROR_DUPLICATE_MESSAGE_ID"))
    begin_payout(payment)
    if psp.payout_answer == settings.LOSE_REPLY:
        return HttpResponse(status=504)
    return JsonResponse(answer(psp, "AccountPayout", uuid, {"orderid": payment.number, "result": "1"}))


def _withdrawals(request: HttpRequest, psp: SimulatedPsp, uuid: str, data: dict[str, Any]) -> HttpResponse:  # noqa: ARG001
    found = [each for each in SimulatedPayment.objects.filter(psp=psp) if each.number == data["OrderID"]]
    rows = [
        {
            "orderid": each.number,
            "amount": amount_text(each),
            "currency": each.currency,
            "transferstate": _STATES.get(each.state, "EXECUTED"),
        }
        for each in found
    ]
    return JsonResponse(answer(psp, "GetWithdrawals", uuid, rows))
