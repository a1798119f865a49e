"""May the account take money out?"""

from datetime import datetime

from apps.payments.checks.answer import Answer, passed, review
from apps.payments.models import Withdrawal
from apps.players.models import Player


def status(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001 - every check is asked alike
    """The account is neither suspended nor closed. Exclusion does not stop a withdrawal."""
    player = withdrawal.player
    if player.status in (Player.Status.SUSPENDED, Player.Status.CLOSED):
        return review(f"The account is {player.status}.", status=str(player.status))
    return passed("", status=str(player.status))
