"""How the staff site looks: Unfold's settings."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Casino platform",
    "SITE_HEADER": "Casino platform",
    "SITE_SUBHEADER": "Back-office",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
