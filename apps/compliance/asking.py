"""Asking for a second person from a page of the back-office."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from apps.compliance.approvals import request_approval
from apps.core import clock
from apps.core.admin_actions import staff_of


def ask_colleague(
    request: HttpRequest, command: str, payload: Mapping[str, Any], *, reason: str, about: int | None = None
) -> str:
    """
    Ask, in the name of whoever is logged in, for a second person to agree to a command; see `request_approval`.

    :param about: the player whom it is about
    :return: what to tell who asked
    """
    request_approval(
        command=command,
        payload=payload,
        maker=staff_of(request),
        reason=reason,
        now=clock.now(),
        subject_player_id=about,
    )
    return "Asked. A colleague has to agree now; see Approvals."
