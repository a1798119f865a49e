"""Before a new start of a game: is a round of it unfinished, and does the launch resume it? Decided by its policy."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.players.models import Player
from apps.providers.game_sessions import end_game_sessions_of
from apps.providers.incomplete_rounds import open_of, standings_of
from apps.providers.models import Game, GameSession, Round, RoundPolicy
from apps.providers.round_policies import Standing, new_start

_NewStart = RoundPolicy.NewStart


class UnfinishedRound(DomainError):
    """
    A round of this game is unfinished and has to end before the game is started anew.

    `round` and `session` name it, `held` is the stake in it, `text` says what happens to it and `resolves_at` when at
    the latest. `resume_in` is the currency in which a launch resumes it, or null where only the game provider, time or
    a person ends it.
    """

    code = "unfinished-round"
    title = "A round of this game is unfinished"
    status = 409


@dataclass(frozen=True, slots=True)
class Resumed:
    """A round with which a launched game goes on."""

    round: Round
    standing: Standing


def resume_or_refuse(player: Player, game: Game, *, currency: str, now: datetime) -> Resumed | None:
    """
    Say which unfinished round a launch resumes, if any, and end the sessions it was left in: one of them plays on.

    The caller holds the player, so two launches at once do not both go on.

    :raises UnfinishedRound: if the game may not be started anew while the round is unfinished
    """
    waiting = list(open_of(player.pk, game_id=game.pk)[:100])
    if not waiting:
        return None
    standings = standings_of(waiting)
    bound = [each for each in waiting if new_start(standings[each.pk].policy, game.category) != _NewStart.FREE]
    if not bound:
        return None
    refusing = [each for each in bound if new_start(standings[each.pk].policy, game.category) == _NewStart.REFUSE]
    same = [each for each in bound if each.currency == currency]
    if refusing or not same:
        found = (refusing or bound)[0]
        resume_in = None if refusing else found.currency
        raise UnfinishedRound(extensions=_extensions(found, standings[found.pk], resume_in=resume_in))
    end_game_sessions_of(player_id=player.pk, game_id=game.pk, reason="resumed", now=now)
    return Resumed(same[0], standings[same[0].pk])


def left_in(player: Player, game: Game) -> dict[str, Any] | None:
    """Say what becomes of a round of a game that the player can not open (any more); None if there is none."""
    found = open_of(player.pk, game_id=game.pk).first()
    return None if found is None else _extensions(found, standings_of([found])[found.pk], resume_in=None)


def _extensions(found: Round, standing: Standing, *, resume_in: str | None) -> dict[str, Any]:
    session = GameSession.objects.values_list("public_id", flat=True).get(pk=found.session_id)
    at = standing.resolves_at
    return {
        "round": str(found.pk),
        "session": str(session),
        "held": Money(found.held_amount, found.currency).to_json(),
        "policy": str(standing.policy.pk),
        "text": standing.policy.text,
        "resolves_at": at.isoformat() if at else None,
        "resume_in": resume_in,
    }
