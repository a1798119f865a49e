"""The API that the platform calls at a simulated vendor: open a game, list games, show a round."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from apps.sandbox.models import SimulatedVendor
from apps.sandbox.vendors.speakers.registry import SPEAKERS
from apps.sandbox.vendors.speakers.speaker import Refused


@csrf_exempt
def call(request: HttpRequest, vendor: str, path: str) -> HttpResponse:
    """Answer any call of the platform in the vendor's own protocol."""
    speaker = SPEAKERS.get(vendor)
    simulated = SimulatedVendor.objects.filter(slug=vendor).first() if speaker else None
    if speaker is None or simulated is None:
        return JsonResponse({"error": "The vendor is not set up."}, status=404)
    if simulated.is_down:
        # What a proxy says for a vendor behind it that does not answer.
        return HttpResponse(status=503)
    try:
        return speaker.api(request, simulated, path)
    except Refused as refusal:
        return JsonResponse(refusal.document, status=refusal.status)
