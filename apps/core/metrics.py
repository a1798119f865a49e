"""The Prometheus scrape endpoint, over all web processes. Apps declare their own metrics beside what they measure."""

import hmac
import os
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from apps.core.client_address import client_address


@require_safe
@never_cache
def scrape(request: HttpRequest) -> HttpResponse:
    """Answer with every metric, to the internal network or to who shows the token."""
    if not _may_scrape(request):
        return HttpResponseForbidden("internal network or token only\n", content_type="text/plain")
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    """Return what to scrape: with several processes, the files through which they share their counts."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _may_scrape(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return True
    try:
        address = ip_address(client_address(request))
    except ValueError:  # a Unix socket has no address
        return False
    return any(address in ip_network(network) for network in settings.METRICS_NETWORKS)
