"""The JSON of games, launches and game sessions."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.core.money import Money
from apps.providers.models import Game, GameSession
from apps.providers.round_queries import RoundTotals

PLATFORMS = (("desktop", "Desktop"), ("mobile", "Mobile"))
_CURRENCY = r"^[A-Z0-9]{3,8}$"
_HELD = "Stakes in rounds that are still open."
CORRECTED = "Paid afterwards because a result was wrong or, negative, taken back."
NET = "Won, given back and corrected, less staked: negative is a loss. Stakes in open rounds count as lost."


class StudioSerializer(serializers.Serializer[Any]):
    """Who made a game."""

    code = serializers.CharField()
    name = serializers.CharField()


class GameSerializer(serializers.Serializer[Game]):
    """A game of the lobby."""

    code = serializers.CharField(source="public_code", help_text="For `POST games/{code}/launch`.")
    title = serializers.CharField()
    studio = StudioSerializer()
    category = serializers.CharField(source="lobby_category", help_text="The brand's own, else the catalogue's.")
    platforms = serializers.ListField(child=serializers.CharField(), help_text="`desktop`, `mobile`")
    features = serializers.ListField(child=serializers.CharField())
    volatility = serializers.IntegerField(allow_null=True, help_text="1 (low) to 5 (high); null: not published.")
    rtp = serializers.SerializerMethodField(help_text="Return to player in per cent, as played at this brand.")
    has_demo = serializers.BooleanField()
    has_free_rounds = serializers.BooleanField()
    thumbnail_url = serializers.CharField(help_text="Empty when there is none.")
    released_on = serializers.DateField(allow_null=True)

    @extend_schema_field({"type": "string", "nullable": True, "example": "96.50"})
    def get_rtp(self, game: Game) -> str | None:
        """Basis points as a decimal string."""
        basis_points: int | None = game.rtp_basis_points  # type: ignore[attr-defined]  # annotated by games_for
        return None if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d}"


class GameFilterSerializer(serializers.Serializer[Any]):
    """What the lobby may be narrowed to."""

    category = serializers.CharField(required=False, max_length=40)
    studio = serializers.CharField(required=False, max_length=60, help_text="The studio's code.")
    platform = serializers.ChoiceField(required=False, choices=PLATFORMS)
    currency = serializers.RegexField(_CURRENCY, required=False, help_text="Playable in it; else in the player's own.")
    search = serializers.CharField(required=False, max_length=80, help_text="Part of the title.")


class LaunchSerializer(serializers.Serializer[Any]):
    """How to open a game."""

    mode = serializers.ChoiceField(choices=GameSession.Mode.choices)
    platform = serializers.ChoiceField(choices=PLATFORMS)
    currency = serializers.RegexField(
        _CURRENCY,
        required=False,
        help_text="Of the wallet to play with, the player's own unless given. Ignored by demos.",
    )


class ResumedRoundSerializer(serializers.Serializer[Any]):
    """An unfinished round that a launch goes on with."""

    round = serializers.CharField(help_text="Its id, as in `GET rounds`.")
    held = MoneyField(help_text="The stake in it.")
    since = serializers.DateTimeField(help_text="When it was begun.")


class LaunchedSerializer(serializers.Serializer[Any]):
    """An opened game."""

    session = serializers.CharField(help_text="Id of the game session.")
    url = serializers.URLField(help_text="Send the player's browser there. It works once and for this player only.")
    expires_at = serializers.DateTimeField(help_text="From then on no more bets; open rounds still settle.")
    resumes = ResumedRoundSerializer(
        allow_null=True, help_text="The unfinished round with which the game goes on; null: it begins anew."
    )


class GameNameSerializer(serializers.Serializer[Game]):
    """A game, in short."""

    code = serializers.CharField(source="public_code")
    title = serializers.CharField()


class RoundTotalsSerializer(serializers.Serializer[Any]):
    """What was played."""

    count = serializers.IntegerField()
    open = serializers.IntegerField()
    staked = MoneyField()
    won = MoneyField()
    rolled_back = MoneyField(help_text="Stakes given back.")
    corrected = MoneyField(help_text=CORRECTED)
    held = MoneyField(help_text=_HELD)
    net = MoneyField(help_text=NET)


class GameSessionSerializer(serializers.Serializer[GameSession]):
    """One launch of a game. The context holds `now` and `totals` by session."""

    id = serializers.CharField(source="public_id")
    game = GameNameSerializer(help_text="The game launched; a live lobby may lead to others.")
    mode = serializers.ChoiceField(choices=GameSession.Mode.choices)
    platform = serializers.ChoiceField(choices=PLATFORMS)
    currency = serializers.CharField(help_text="Of the wallet; of a demo, the provider's word for play money.")
    state = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(help_text="Empty while it runs.")
    rounds = serializers.SerializerMethodField(help_text="Null for a demo, which is played at the provider alone.")

    @extend_schema_field({"type": "string", "enum": ["running", "ended"]})
    def get_state(self, session: GameSession) -> str:
        """Whether bets are still taken."""
        now: datetime = self.context["now"]
        return "running" if session.ended_at is None and session.expires_at > now else "ended"

    @extend_schema_field(RoundTotalsSerializer(allow_null=True))
    def get_rounds(self, session: GameSession) -> dict[str, Any] | None:
        """The session's rounds, summed."""
        if session.mode == GameSession.Mode.DEMO:
            return None
        totals: RoundTotals = self.context["totals"].get(session.pk, RoundTotals())
        return dict(RoundTotalsSerializer(_as_money(totals, session.currency)).data)


def _as_money(totals: RoundTotals, currency: str) -> dict[str, Any]:
    return {
        "count": totals.rounds,
        "open": totals.open_rounds,
        "staked": Money(totals.staked, currency),
        "won": Money(totals.won, currency),
        "rolled_back": Money(totals.rolled_back, currency),
        "corrected": Money(totals.corrected, currency),
        "held": Money(totals.held, currency),
        "net": Money(totals.net, currency),
    }
