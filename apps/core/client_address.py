"""Whose address a request came from, believing only the proxies we were told to trust."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings

Network = IPv4Network | IPv6Network


def client_address(request: Any) -> str:
    """
    Address of the caller, as text.

    X-Forwarded-For is read from the right, past addresses in settings.TRUSTED_PROXIES (networks),
    and only when the connection itself comes from one of them; else anyone could choose an address.

    :param request: a Django or DRF request
    """
    peer: str = request.META.get("REMOTE_ADDR") or ""
    trusted = _networks(tuple(getattr(settings, "TRUSTED_PROXIES", ())))
    if not _in(peer, trusted):
        return peer
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _is_address(hop):
            return peer
        if not _in(hop, trusted):
            return hop
        peer = hop
    return peer


@cache
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _in(text: str, networks: tuple[Network, ...]) -> bool:
    return bool(networks) and _is_address(text) and any(ip_address(text) in network for network in networks)
