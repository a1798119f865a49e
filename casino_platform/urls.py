"""Which door leads where. Each app keeps its own list of paths."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from apps.core import health, metrics, problems
from casino_platform import developer_portal, vendor_urls


def _mount(prefix: str, *modules: str) -> list[URLPattern | URLResolver]:
    """Include the modules that exist."""
    return [path(prefix, include(module)) for module in modules if _exists(module)]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="front-door"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.scrape, name="metrics"),
    *vendor_urls.urlpatterns,
    *_mount(
        "api/v1/",
        "apps.players.api.urls",
        "apps.wallets.api.urls",
        "apps.safer_play.api.urls",
        "apps.providers.api.urls",
        "apps.payments.api.urls",
        "apps.bonuses.api.urls",
    ),
    path("api/v1/schema", SpectacularAPIView.as_view(), name="schema"),
    *_mount("api/v1/", "apps.verification.api.urls"),
    path("api/docs", developer_portal.index, name="docs"),
    path("api/docs/", include(developer_portal.urlpatterns)),
    *_mount("api/problems/", "apps.core.api.urls"),
    # Whatever else is asked for under /api/ is refused in the API's own format, with DEBUG too.
    re_path(r"^api/", csrf_exempt(problems.not_found)),
    *_mount("", "apps.backoffice.urls", "apps.compliance.case_urls", "apps.compliance_reports.urls"),
    *_mount("", "apps.monitoring.urls"),
    path("admin/", admin.site.urls),
]
if settings.SANDBOX:
    urlpatterns += _mount("sandbox/", "apps.sandbox.urls")

handler400 = "apps.core.problems.bad_request"
handler403 = "apps.core.problems.permission_denied"
handler404 = "apps.core.problems.not_found"
handler500 = "apps.core.problems.server_error"
