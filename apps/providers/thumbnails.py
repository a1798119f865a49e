"""Games' pictures on staff pages: from our own hosts and from those the settings name, else a tile with a letter."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString


def tile(title: str, url: str) -> SafeString:
    """
    The picture over a tile with the title's first letter; the tile shows where there is no picture, or none to be had.

    What the page's security policy would not load is not asked for.
    """
    source = _source(url)
    picture = format_html('<img src="{}" alt="" loading="lazy" referrerpolicy="no-referrer">', source) if source else ""
    return format_html(
        '<span class="game-tile" aria-hidden="true"><b>{}</b>{}</span>', title.strip()[:1].upper() or "?", picture
    )


def _source(url: str) -> str:
    """What the browser may be given: a path of our own, or an address of an allowed origin."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.hostname in settings.ALLOWED_HOSTS:
        return parts.path
    return url if f"{parts.scheme}://{parts.netloc}" in settings.STAFF_IMAGE_SOURCES else ""
