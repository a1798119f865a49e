"""Where a player's request came from, as sessions and log-in attempts record it."""

from dataclasses import dataclass
from typing import Any

from apps.core.client_address import client_address

USER_AGENT_LENGTH = 300
DEVICE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Address, browser and device of a request; each may be unknown."""

    remote_address: str | None = None
    user_agent: str = ""
    device: str = ""


def caller_of(request: Any, *, device: str = "") -> Caller:
    """
    Describe the sender of a Django or DRF request.

    :param device: the id the frontend gave the device, if it did
    """
    # The zone of a link-local IPv6 address means something on that host only, and PostgreSQL refuses it.
    address = client_address(request).partition("%")[0]
    user_agent: str = request.META.get("HTTP_USER_AGENT", "")
    return Caller(address or None, user_agent[:USER_AGENT_LENGTH], device[:DEVICE_LENGTH])
