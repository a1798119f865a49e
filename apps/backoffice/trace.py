"""Finds, by any one id, everything that belongs to it: the player's act, the requests, the postings, the outcome."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.backoffice.timeline import Sources, Step, story
from apps.core.admin_base import BrandScope, brand_scope
from apps.core.ids import row_id
from apps.integrations.models import Exchange, Integration
from apps.integrations.search import find_exchanges
from apps.players.models import Player
from apps.providers.models import GameSession, Round
from apps.providers.round_queries import round_page
from apps.transactions.models import Command, Transaction, Transfer

LONGEST_ID = 200
_MOST_FOUND = 50
_MOST_ROUNDS = 20


@dataclass(slots=True)
class Trace:
    """What was found for an id."""

    asked: str
    steps: list[Step] = field(default_factory=list)
    players: list[Player] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    sessions: list[GameSession] = field(default_factory=list)
    round: Round | None = None
    """The one round that it is about, whose whole story is told."""
    game_title: str = ""
    player_name: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing bears that id."""
        return not (self.steps or self.players or self.rounds or self.sessions)


def trace(text: str, *, user: Any) -> Trace:
    """
    Find everything that belongs to an id, in the brands that `user` may see.

    Understands request ids, ledger transactions, rounds (ours by number), players (ours, or by username), game
    sessions, and whatever a vendor calls its transactions, rounds and requests.
    """
    text = text.strip()[:LONGEST_ID]
    found = Trace(asked=text)
    if not text or "\0" in text:
        return found
    search = _Search(text, brand_scope(user))
    sources = search.sources()
    found.players = search.players()
    found.sessions = search.sessions()
    found.rounds = search.rounds(sources)
    if len(found.rounds) == 1 and not found.players:
        found.round = found.rounds[0]
        found.game_title, found.player_name = _add_round(sources, found.round)
    elif found.sessions and not found.rounds:
        sources.sessions += found.sessions
    search.add_transfers(sources)
    found.steps = story(sources, with_bodies=user.has_perm("integrations.view_exchange"))
    return found


def trace_of_round(round_id: int, player_id: int, *, user: Any) -> list[Step]:
    """Tell the whole story of one round."""
    sources = Sources()
    _add_round(sources, Round(pk=round_id, player_id=player_id))
    return story(sources, with_bodies=user.has_perm("integrations.view_exchange"))


def _add_round(sources: Sources, about: Round) -> tuple[str, str]:
    """Add everything of a round to what was found already; returns the game's title and the player's name."""
    page = round_page(about.pk, player_id=about.player_id)
    if page is None:
        return "", ""
    launch = find_exchanges(str(page.session.public_id), _MOST_FOUND)
    calls = [each for each in launch if each.direction == Exchange.Direction.OUTBOUND]
    sources.exchanges = _merged(sources.exchanges, [*calls, *page.exchanges])
    sources.transactions = _merged(sources.transactions, page.transactions)
    sources.transfers = [*page.transfers]
    sources.sessions = [page.session]
    sources.round_events = page.events
    return page.game.title, page.session.player.username if page.session.player else ""


def _merged(first: list[Any], second: list[Any]) -> list[Any]:
    return sorted({each.pk: each for each in [*first, *second]}.values(), key=lambda each: each.pk)


class _Search:
    """One look-up: the text in its several meanings, within the brands of a person."""

    def __init__(self, text: str, scope: BrandScope | None) -> None:
        self._text = text
        self._uuid = _uuid(text)
        self._number = row_id(text)
        self._brand = Q() if scope is None else Q(brand_id__in=scope.ids)
        self._integrations = (
            None
            if scope is None
            else set(Integration.objects.filter(brand_code__in=scope.codes).values_list("pk", flat=True))
        )

    def sources(self) -> Sources:
        """Exchanges, transactions and tombstones that bear the id."""
        exchanges = [each for each in find_exchanges(self._text, _MOST_FOUND) if self._is_mine(each)]
        commands = [each for each in Command.objects.filter(key=self._text) if self._is_mine(each)]
        made = {each.transaction_id for each in exchanges if each.transaction_id}
        made |= {each.transaction_id for each in commands if each.transaction_id}
        made |= {self._uuid} if self._uuid else set()
        transactions = list(Transaction.objects.filter(self._brand, pk__in=made).order_by("pk"))
        asked = {each.pk for each in exchanges}
        missing = {each.request_id for each in transactions if each.request_id}
        missing |= {each.request_id for each in commands}
        missing |= {each.parent_id for each in exchanges if each.parent_id}
        more = Exchange.objects.filter(pk__in=missing - asked).select_related("reply")
        return Sources(
            exchanges=sorted([*exchanges, *filter(self._is_mine, more)], key=lambda each: each.pk),
            transactions=transactions,
            tombstones=[each for each in commands if each.kind == "tombstone"],
        )

    def players(self) -> list[Player]:
        """Players that bear the id or the name."""
        terms = Q(username__iexact=self._text)
        if self._uuid:
            terms |= Q(public_id=self._uuid)
        return list(Player.objects.filter(self._brand).filter(terms).select_related("brand")[:_MOST_FOUND])

    def sessions(self) -> list[GameSession]:
        """The game session that bears the id."""
        if self._uuid is None:
            return []
        rows = GameSession.objects.filter(self._brand, public_id=self._uuid)
        return list(rows.select_related("player", "game", "integration"))

    def rounds(self, sources: Sources) -> list[Round]:
        """Rounds that what was found belongs to, or that bear our number."""
        ids = {each.round_id for each in sources.exchanges if each.round_id}
        ids |= {each.round_id for each in sources.transactions if each.round_id}
        if self._number is not None:
            ids.add(self._number)
        return list(Round.objects.filter(self._brand, pk__in=ids).order_by("-pk")[:_MOST_ROUNDS]) if ids else []

    def add_transfers(self, sources: Sources) -> None:
        """Fetch the postings that are not there yet."""
        there = {each.transaction_id for each in sources.transfers}
        missing = [each.pk for each in sources.transactions if each.pk not in there]
        if missing:
            rows = Transfer.objects.filter(transaction_id__in=missing).select_related("debit_account", "credit_account")
            sources.transfers += rows.order_by("transaction_id", "number")

    def _is_mine(self, row: Any) -> bool:
        return self._integrations is None or row.integration_id in self._integrations


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
