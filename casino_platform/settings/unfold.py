"""How the staff site looks: Unfold's settings. What the menu holds is in apps/backoffice/navigation.py."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse


def _styles(_: HttpRequest) -> str:
    return static("staff/staff.css")


def _script(_: HttpRequest) -> str:
    return static("staff/staff.js")


def _favicon(_: HttpRequest) -> str:
    return static("staff/favicon.svg")


def _second_factor(_: HttpRequest) -> str:
    return reverse("backoffice:second-factor")


def _sessions(_: HttpRequest) -> str:
    return reverse("backoffice:sessions")


def _help(_: HttpRequest) -> str:
    return reverse("backoffice:help")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Casino platform",
    "SITE_HEADER": "Casino platform",
    "SITE_SUBHEADER": "Back-office, times in UTC",
    "SITE_SYMBOL": "playing_cards",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "ENVIRONMENT": "apps.backoffice.navigation.environment",
    "DASHBOARD_CALLBACK": "apps.backoffice.home.dashboard",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _favicon}],
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": _second_factor},
            {"title": "Your log-ins", "link": _sessions},
            {"title": "Help and keys (?)", "link": _help},
        ]
    },
    "STYLES": [_styles],
    "SCRIPTS": [_script],
    "SIDEBAR": {
        "show_search": True,
        "navigation": "apps.backoffice.navigation.sidebar",
    },
    "COLORS": {
        "primary": {
            "50": "#effaf6",
            "100": "#d8f3e8",
            "200": "#b3e6d3",
            "300": "#80d2b8",
            "400": "#4bb798",
            "500": "#289b7d",
            "600": "#1a7c65",
            "700": "#156353",
            "800": "#134f43",
            "900": "#114138",
            "950": "#082520",
        },
    },
}
