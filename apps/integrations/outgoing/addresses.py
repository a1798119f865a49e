"""
Where a webhook may be sent: to public addresses only, so that nobody can make the platform call its own network.

The name is resolved once, every address it stands for is checked, and the connection goes to the checked address
itself: a name that answers otherwise a moment later changes nothing.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from apps.core.errors import DomainError

_LONGEST_URL = 500
# Inside these, an IPv4 address is written into an IPv6 one.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UnusableWebhookUrl(DomainError):
    """Nothing may be sent to this URL; the detail says why."""

    code = "unusable-webhook-url"
    title = "This URL cannot be used"
    status = 422


@dataclass(frozen=True, slots=True)
class Target:
    """A checked place to connect to."""

    url: str
    """With the address in the place of the host's name."""
    host: str
    """For the Host header, with the port where it is not the usual one."""
    name: str
    """For TLS: whom the certificate must be made out to."""


def require_usable(url: str) -> None:
    """
    Refuse what can be seen to be wrong without asking the network.

    :raises UnusableWebhookUrl: for anything but https with a host and no credentials
    """
    _split(url)


def target_of(url: str) -> Target:
    """
    Resolve and check a URL.

    :raises UnusableWebhookUrl: if it is not https, or its name stands for an address that is not public
    :raises OSError: if the name cannot be resolved now
    """
    scheme, name, port, rest = _split(url)
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not settings.WEBHOOKS_ALLOW_PRIVATE and any(not _is_public(address) for address in addresses):
        raise UnusableWebhookUrl(f"{name} stands for an address that is not public.")
    chosen = addresses[0]
    literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)  # noqa: PLR2004 - the protocol's version
    usual = {"https": 443, "http": 80}[scheme]
    bare = f"[{name}]" if ":" in name else name
    return Target(f"{scheme}://{literal}:{port}{rest}", bare if port == usual else f"{bare}:{port}", name)


def _split(url: str) -> tuple[str, str, int, str]:
    if len(url) > _LONGEST_URL or any(ord(character) <= ord(" ") for character in url):
        raise UnusableWebhookUrl(f"A URL has at most {_LONGEST_URL} characters and no spaces.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UnusableWebhookUrl(str(error)) from error
    allowed = {"https", "http"} if settings.WEBHOOKS_ALLOW_PRIVATE else {"https"}
    if parts.scheme not in allowed or not parts.hostname:
        raise UnusableWebhookUrl("It has to be an https:// address.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UnusableWebhookUrl("It may carry neither user names nor a fragment.")
    rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), rest


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and (address in _NAT64 or address in _NAT64_LOCAL):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved
