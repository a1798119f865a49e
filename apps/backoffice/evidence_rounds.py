"""The rounds that a player played around a contested payment, for its evidence pack."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.evidence import MOST_ROWS, csv_file, register_section, span_of
from apps.payments.models import Dispute
from apps.providers.models import Game, Round
from apps.providers.round_queries import games_by_id


def register() -> None:
    """Add the section; payments and providers stand side by side and do not know each other."""
    register_section("rounds", rounds_section)


def rounds_section(dispute: Dispute, now: datetime) -> Iterable[tuple[str, bytes]]:  # noqa: ARG001 - asked alike
    """One line for each round: what was staked and won with the money."""
    since, until = span_of(dispute)
    deposit = dispute.deposit
    rounds = list(
        Round.objects.filter(
            player_id=deposit.player_id, currency=deposit.currency, opened_at__gte=since, opened_at__lt=until
        ).order_by("pk")[:MOST_ROWS]
    )
    games = games_by_id(each.game_id for each in rounds)
    slugs = dict(Integration.objects.values_list("pk", "slug"))
    header = ("opened", "vendor", "round", "game", "state", "staked", "won", "currency")
    yield "rounds.csv", csv_file(header, (_line(each, games, slugs) for each in rounds))


def _line(round_: Round, games: Mapping[int, Game], slugs: Mapping[int, str]) -> tuple[object, ...]:
    game = games.get(round_.game_id)
    return (
        round_.opened_at.isoformat(),
        slugs.get(round_.integration_id, ""),
        round_.external_id,
        game.code if game else "",
        round_.state,
        Money(round_.staked, round_.currency).format(),
        Money(round_.won, round_.currency).format(),
        round_.currency,
    )
