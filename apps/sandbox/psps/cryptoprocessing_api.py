"""The simulated CryptoProcessing's API: deposit addresses and withdrawals."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.models import SimulatedPsp
from apps.sandbox.psps.cryptoprocessing import address_of, is_from_platform
from apps.sandbox.psps.journal import begin_payout, open_order


@csrf_exempt
@require_POST
def take_address(request: HttpRequest) -> HttpResponse:
    """Give an address for a foreign_id, the same each time. How much will come, nobody has said."""
    psp, body = _verified(request)
    if psp is None:
        return JsonResponse({"errors": {"key": "invalid"}}, status=403)
    try:
        payment, _ = open_order(
            psp, reference=body["foreign_id"], is_payout=False, amount=Decimal("0.01"), currency=body["currency"]
        )
    except (KeyError, TypeError):
        return JsonResponse({"errors": {"currency": "required"}}, status=400)
    data = {"id": payment.pk, "currency": payment.currency, "foreign_id": payment.reference, "tag": None}
    return JsonResponse({"data": data | {"address": address_of(payment)}}, status=201)


@csrf_exempt
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:  # noqa: PLR0911 - each fault has its own answer
    """Take a withdrawal; a second one under the same foreign_id is refused."""
    psp, body = _verified(request)
    if psp is None:
        return JsonResponse({"errors": {"key": "invalid"}}, status=403)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.BREAK:
        return HttpResponse(status=500)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.REFUSE:
        return JsonResponse({"errors": {"address": "invalid"}}, status=400)
    try:
        payment, is_new = open_order(
            psp,
            reference=body["foreign_id"],
            is_payout=True,
            amount=Decimal(body["amount"]),
            currency=body["currency"],
            details={"address": body["address"]},
        )
    except (KeyError, TypeError, InvalidOperation):
        return JsonResponse({"errors": {"amount": "required"}}, status=400)
    if not is_new:
        return JsonResponse({"errors": {"foreign_id": "already used"}}, status=422)
    begin_payout(payment)
    if psp.payout_answer == SimulatedPsp.PayoutAnswer.LOSE_REPLY:
        return HttpResponse(status=504)
    data = {"id": int(payment.number), "foreign_id": payment.reference, "type": "withdrawal", "status": "processing"}
    return JsonResponse({"data": data}, status=201)


def _verified(request: HttpRequest) -> tuple[SimulatedPsp | None, dict[str, Any]]:
    psp = SimulatedPsp.objects.filter(slug="cryptoprocessing").first()
    key, signature = request.headers.get("X-Processing-Key", ""), request.headers.get("X-Processing-Signature", "")
    if psp is None or not is_from_platform(psp, key, signature, request.body):
        return None, {}
    try:
        body = json.loads(request.body)
    except ValueError:
        return psp, {}
    return psp, body if isinstance(body, dict) else {}
