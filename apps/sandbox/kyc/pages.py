"""What people see of the simulated identity vendors: the hosted page where a tester chooses, and what goes wrong."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.kyc.journal import decide, tell_due
from apps.sandbox.kyc.protocols import PROTOCOLS
from apps.sandbox.kyc_models import SimulatedKycSession, SimulatedKycVendor

_SHOWN = 30
_SHOWABLE = ("first_name", "last_name", "firstName", "lastName", "dob", "valid_to")


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every vendor with its dials, and the last sessions."""
    context = {
        "vendors": [
            (each, PROTOCOLS[each.slug].title if each.slug in PROTOCOLS else "yente")
            for each in SimulatedKycVendor.objects.all()
        ],
        "tellings": SimulatedKycVendor.Telling.choices,
        "sessions": SimulatedKycSession.objects.select_related("applicant").prefetch_related("webhooks")[:_SHOWN],
    }
    return render(request, "sandbox/kyc.html", context)


@require_safe
def session_page(request: HttpRequest, session_id: int) -> HttpResponse:
    """The page that the player is sent to."""
    session = get_object_or_404(SimulatedKycSession.objects.select_related("applicant__vendor"), pk=session_id)
    back = session.return_url
    context = {
        "session": session,
        "title": PROTOCOLS[session.applicant.vendor_id].title,
        "outcomes": SimulatedKycSession.Outcome.choices[1:],
        "webhooks": session.webhooks.all(),
        "back": back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "",
    }
    return render(request, "sandbox/kyc_session.html", context)


@csrf_exempt
@require_POST
def act(request: HttpRequest, session_id: int) -> HttpResponse:
    """Choose what the vendor finds; the platform is told at once."""
    session = get_object_or_404(SimulatedKycSession.objects.select_related("applicant__vendor"), pk=session_id)
    outcome = request.POST.get("outcome", "")
    if outcome not in SimulatedKycSession.Outcome.values[1:]:
        return JsonResponse({"errors": {"outcome": "unknown"}}, status=400)
    decide(session, outcome, shown={name: request.POST[name] for name in _SHOWABLE if request.POST.get(name)})
    tell_due(session=session)
    return redirect("sandbox-kyc-session", session_id=session_id)


@csrf_exempt
@require_POST
def set_faults(request: HttpRequest, slug: str) -> HttpResponse:
    """Turn the dials of one vendor; what is not named goes back to normal."""
    vendor = get_object_or_404(SimulatedKycVendor, slug=slug)
    telling = request.POST.get("telling", SimulatedKycVendor.Telling.ONCE)
    if telling not in SimulatedKycVendor.Telling.values:
        return JsonResponse({"errors": {"telling": "unknown"}}, status=400)
    vendor.telling, vendor.is_reachable = telling, request.POST.get("is_reachable", "1") == "1"
    vendor.save(update_fields=["telling", "is_reachable"])
    return redirect("sandbox-kyc")


@csrf_exempt
@require_POST
def tell(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Send everything that is due now, for tests and the impatient."""
    return JsonResponse({"acknowledged": tell_due()})
