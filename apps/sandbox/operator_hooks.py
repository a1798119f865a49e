"""The simulated operator's own system: it takes webhooks, verifies them as a stranger would, and keeps the last few."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from standardwebhooks import Webhook, WebhookVerificationError

_KEPT = 50
_CACHE_KEY = "sandbox-operator-hooks"


def secret_file() -> Path:
    """Where the operator keeps its secret."""
    return Path(settings.DATA_DIR) / "operator-webhook-secret"


@csrf_exempt
@require_http_methods(["POST", "GET"])
def hooks(request: HttpRequest) -> HttpResponse:
    """POST: take one webhook, 204 if it is genuine, else 401. GET: the last fifty bodies, newest first."""
    if request.method == "GET":
        return JsonResponse({"received": _received()})
    try:
        body = Webhook(secret_file().read_text().strip()).verify(request.body, dict(request.headers))
    except (WebhookVerificationError, OSError, ValueError) as error:
        return JsonResponse({"error": str(error)}, status=401)
    cache.set(_CACHE_KEY, json.dumps([body, *_received()][:_KEPT]), timeout=None)
    return HttpResponse(status=204)


def _received() -> list[Any]:
    bodies: list[Any] = json.loads(cache.get(_CACHE_KEY) or "[]")
    return bodies
