"""What the published OpenAPI description covers: the player API and nothing else."""

from collections.abc import Callable
from typing import Any

Endpoint = tuple[str, str, str, Callable[..., Any]]


def only_player_api(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Drop every endpoint outside /api/v1: vendors' protocols are described by their vendors."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
