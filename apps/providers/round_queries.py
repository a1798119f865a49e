"""Reading rounds: a player's history, sums by session, and everything about one round. Changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from apps.core.ids import uuid7_floor, uuid7_time
from apps.integrations.models import Exchange, ExchangeReply
from apps.providers.models import Game, GameSession, Round, RoundEvent
from apps.transactions.models import Command, Transaction, Transfer

# Clocks of web servers and the database may differ by so much.
_CLOCK_SKEW = timedelta(minutes=5)
_MAX_EXCHANGES = 1000
_LOWEST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RoundTotals:
    """Sums over rounds of one session, in ledger units."""

    rounds: int = 0
    open_rounds: int = 0
    staked: int = 0
    won: int = 0
    rolled_back: int = 0
    corrected: int = 0
    held: int = 0

    @property
    def net(self) -> int:
        """What the player has won (or, negative, lost), stakes in play counted as lost."""
        return self.won + self.rolled_back + self.corrected - self.staked


@dataclass(frozen=True, slots=True)
class RoundPage:
    """A round and everything that happened to it, each list oldest first."""

    round: Round
    game: Game
    session: GameSession
    transactions: list[Transaction]
    transfers: list[Transfer]
    commands: list[Command]
    exchanges: list[Exchange]
    """Requests of and to the vendor that moved its money or named it, refused ones too, with their `reply`."""
    events: list[RoundEvent]


def rounds_of(player_id: int) -> QuerySet[Round]:
    """Rounds of a player; one partition."""
    return Round.objects.filter(player_id=player_id)


def totals_by_session(player_id: int, session_ids: Iterable[int]) -> dict[int, RoundTotals]:
    """Sum the rounds of some of a player's sessions, in one query; sessions without rounds are left out."""
    rows = (
        rounds_of(player_id)
        .filter(session_id__in=list(session_ids))
        .order_by()
        .values("session_id")
        .annotate(
            rounds=Count("pk"),
            open_rounds=Count("pk", filter=Q(state=Round.State.OPEN)),
            total_staked=Sum("staked"),
            total_won=Sum("won"),
            total_rolled_back=Sum("rolled_back"),
            total_corrected=Sum("corrected"),
            total_held=Sum("held_amount"),
        )
        .values_list(
            "session_id",
            "rounds",
            "open_rounds",
            "total_staked",
            "total_won",
            "total_rolled_back",
            "total_corrected",
            "total_held",
        )
    )
    return {session_id: RoundTotals(*map(int, sums)) for session_id, *sums in rows}


def games_by_id(game_ids: Iterable[int]) -> dict[int, Game]:
    """Games of rounds, whose table has no foreign keys, in one query."""
    return Game.objects.in_bulk(list(set(game_ids)))


def round_page(round_id: int, *, player_id: int | None = None) -> RoundPage | None:
    """
    Collect everything about a round, in a constant number of queries; None if there is no such round.

    :param player_id: his, where known: it saves looking into every partition
    """
    rounds = Round.objects.filter(pk=round_id) if player_id is None else rounds_of(player_id).filter(pk=round_id)
    found = rounds.first()
    if found is None:
        return None
    session = GameSession.objects.select_related("player", "integration", "brand", "game").get(pk=found.session_id)
    transactions = list(
        Transaction.objects.filter(
            player_id=found.player_id, round_id=found.pk, pk__gte=_earliest_id(session)
        ).order_by("pk")
    )
    transaction_ids = [one.pk for one in transactions]
    keys = [one.external_id for one in transactions if one.external_id]
    return RoundPage(
        round=found,
        game=Game.objects.select_related("studio").get(pk=found.game_id),
        session=session,
        transactions=transactions,
        transfers=list(
            Transfer.objects.filter(transaction_id__in=transaction_ids)
            .select_related("debit_account", "credit_account")
            .order_by("transaction_id", "number")
        ),
        commands=list(
            Command.objects.filter(key__in=keys, integration_id=found.integration_id).order_by("created_at", "key")
        ),
        exchanges=_exchanges(found, transactions),
        events=list(RoundEvent.objects.filter(round_id=found.pk).order_by("pk")),
    )


def first_possible_transaction(found: Round) -> UUID:
    """Return an id that none of the round's transactions precedes, to leave older partitions unread."""
    session = GameSession.objects.filter(pk=found.session_id).only("public_id").first()
    return _earliest_id(session) if session else _LOWEST_ID


def _earliest_id(session: GameSession) -> UUID:
    """Nothing of a session is older than its own public id, which real time made; business time may be ahead of it."""
    return uuid7_floor(uuid7_time(session.public_id) - _CLOCK_SKEW)


def _exchanges(found: Round, transactions: list[Transaction]) -> list[Exchange]:
    """Exchanges of the round's own postings, and those that merely name it: replays, refusals, questions."""
    naming = ExchangeReply.objects.filter(refs__contains=[found.external_id]).values_list("pk", flat=True)
    ids = {one.request_id for one in transactions if one.request_id} | set(naming[:_MAX_EXCHANGES])
    # A vendor's round id is unique only with game and player, so others' exchanges may name the same.
    return list(
        Exchange.objects.filter(
            Q(player_id=found.player_id) | Q(player_id__isnull=True),
            Q(integration_id=found.integration_id),
            pk__in=ids,
        )
        .select_related("reply")
        .order_by("pk")[:_MAX_EXCHANGES]
    )
