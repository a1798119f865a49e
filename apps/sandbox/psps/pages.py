"""What people see of the simulated payment providers: the page to pay at, the hosted cashier, and what goes wrong."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

import httpx2
from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.models import SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.journal import charge_back, open_order, pay_deposit, refuse_deposit, tell_due
from apps.sandbox.psps.registry import PROTOCOLS

_SHOWN = 30


class FaultForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """What goes wrong at one provider."""

    class Meta:
        """The three dials."""

        model = SimulatedPsp
        fields = ("payout_answer", "payout_outcome", "telling")


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every provider with its dials, and the last orders."""
    context = {
        "psps": [(psp, PROTOCOLS[psp.slug].title, FaultForm(instance=psp)) for psp in SimulatedPsp.objects.all()],
        "payments": SimulatedPayment.objects.select_related("psp").prefetch_related("notifications")[:_SHOWN],
    }
    return render(request, "sandbox/psps.html", context)


@csrf_exempt
@require_POST
def set_faults(request: HttpRequest, slug: str) -> HttpResponse:
    """Turn the dials of one provider; what is not named goes back to normal."""
    psp = get_object_or_404(SimulatedPsp, slug=slug)
    usual = {"payout_answer": "accept", "payout_outcome": "paid", "telling": "once"}
    form = FaultForm({**usual, **request.POST.dict()}, instance=psp)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    form.save()
    return redirect("sandbox-psps")


@require_safe
def pay_page(request: HttpRequest, slug: str, payment_id: int) -> HttpResponse:
    """The bank's or cashier's page for one order."""
    return _pay_page(request, get_object_or_404(SimulatedPayment, pk=payment_id, psp_id=slug))


@csrf_exempt
@require_POST
def pay(request: HttpRequest, slug: str, payment_id: int) -> HttpResponse:
    """Pay (perhaps another amount), give up, or contest; the platform is told at once."""
    payment = get_object_or_404(SimulatedPayment.objects.select_related("psp"), pk=payment_id, psp_id=slug)
    act = request.POST.get("act", "pay")
    if act == "pay":
        try:
            amount = Decimal(request.POST["amount"]) if request.POST.get("amount") else None
        except InvalidOperation:
            return _pay_page(request, payment, status=400)
        if amount is not None and not 0 < amount < Decimal(10) ** 12:
            return _pay_page(request, payment, status=400)
        pay_deposit(payment, amount)
    elif act == "refuse":
        refuse_deposit(payment)
    elif act == "charge_back":
        charge_back(payment)
    tell_due(payment=payment)
    return redirect("sandbox-psp-pay", slug=slug, payment_id=payment_id)


@require_safe
def cashier(request: HttpRequest) -> HttpResponse:
    """PaymentIQ's hosted cashier: asks the platform who the player is, then offers to pay."""
    psp = get_object_or_404(SimulatedPsp, slug="paymentiq")
    user, session = request.GET.get("userId", ""), request.GET.get("sessionId", "")
    answer = _verify_user(psp, user, session)
    order = request.GET.get("attributes.orderId", "")
    context: dict[str, Any] = {"answer": answer, "query": request.GET, "order": order}
    if answer.get("success") is True:
        context |= {"currency": answer.get("balanceCy", ""), "balance": answer.get("balance", "")}
    return render(request, "sandbox/cashier.html", context, status=200 if answer.get("success") else 409)


@csrf_exempt
@require_POST
def cashier_order(request: HttpRequest) -> HttpResponse:
    """Open an order at the cashier and go to its page."""
    psp = get_object_or_404(SimulatedPsp, slug="paymentiq")
    sent = request.POST
    answer = _verify_user(psp, sent.get("userId", ""), sent.get("sessionId", ""))
    try:
        amount = Decimal(sent["amount"])
    except (KeyError, InvalidOperation):
        amount = Decimal(0)
    if answer.get("success") is not True or not 0 < amount < Decimal(10) ** 12:
        return HttpResponse(status=409)
    payment, _ = open_order(
        psp,
        reference=f"cashier-{uuid4()}",
        is_payout=sent.get("direction") == "withdrawal",
        user=str(answer["userId"]),
        amount=amount,
        currency=str(answer["balanceCy"]),
        details={"order": sent.get("order", ""), "account": "sim-card-1", "masked": "411111******1111"},
    )
    return redirect("sandbox-psp-pay", slug=psp.slug, payment_id=payment.pk)


@csrf_exempt
@require_POST
def tell(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Send everything that is due now, for tests and the impatient."""
    return JsonResponse({"acknowledged": tell_due()})


def _verify_user(psp: SimulatedPsp, user: str, session: str) -> dict[str, Any]:
    basic = httpx2.BasicAuth(psp.secrets["username"], psp.secrets["password"])
    try:
        with httpx2.Client(trust_env=False, timeout=10.0, auth=basic) as client:
            response = client.post(f"{psp.platform_url}/verifyuser", json={"userId": user, "sessionId": session})
            answer = response.json()
    except (httpx2.HTTPError, ValueError):
        return {"success": False, "errMsg": "The casino does not answer"}
    return answer if isinstance(answer, dict) else {}


def _pay_page(request: HttpRequest, payment: SimulatedPayment, status: int = 200) -> HttpResponse:
    back = payment.return_url
    context = {
        "payment": payment,
        "title": PROTOCOLS[payment.psp_id].title,
        "notifications": payment.notifications.all(),
        "may_contest": bool(PROTOCOLS[payment.psp_id].dispute_story) and not payment.is_payout,
        # Only where it leads to the same place as this page: the link was given by the platform.
        "back": back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "",
    }
    return render(request, "sandbox/pay.html", context, status=status)
