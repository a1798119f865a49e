"""The JSON of rounds, complete and incomplete."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.core.money import Money
from apps.providers.api.serializers import CORRECTED, NET, GameNameSerializer
from apps.providers.models import Round, RoundPolicy
from apps.providers.round_policies import Standing

INCOMPLETE = "incomplete"


class ResumeSerializer(serializers.Serializer[Any]):
    """Where to go on with a round."""

    game = serializers.CharField(help_text="Launch this game…")
    currency = serializers.CharField(help_text="…with this wallet.")


class IncompleteSerializer(serializers.Serializer[Any]):
    """What becomes of a round that was interrupted."""

    since = serializers.DateTimeField(help_text="When something last happened in it.")
    happens = serializers.ChoiceField(
        choices=[choice for choice in RoundPolicy.Outcome.choices if choice[0] != RoundPolicy.Outcome.GENERAL],
        help_text="What happens if nobody finishes it before.",
    )
    happens_at = serializers.DateTimeField(allow_null=True, help_text="When; null: it waits for the game provider.")
    handed_to_staff = serializers.BooleanField(help_text="A person looks at it.")
    policy = serializers.CharField(help_text="Id of the published rule that says so.")
    text = serializers.CharField(help_text="The rule in words; show it to the player.")
    resume = ResumeSerializer(
        allow_null=True, help_text="Null: it can not be resumed; it ends by itself, or as the rule says."
    )


class RoundSerializer(serializers.Serializer[Round]):
    """
    One round of a game.

    The context holds `games` and `sessions` by id, and of incomplete rounds `standings` by id, which of them are
    `handed` to staff, and the games that are `resumable`.
    """

    id = serializers.CharField(help_text="Opaque. Quote it to support.")
    game = serializers.SerializerMethodField()
    session = serializers.SerializerMethodField(help_text="Id of the game session it began in.")
    state = serializers.ChoiceField(choices=Round.State.choices)
    staked = MoneyField()
    won = MoneyField()
    rolled_back = MoneyField(help_text="Stakes given back.")
    corrected = MoneyField(help_text=CORRECTED)
    held = MoneyField(help_text="The stake, while the round is open.")
    net = MoneyField(help_text=NET)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    incomplete = serializers.SerializerMethodField(help_text="Null unless it is open and was interrupted.")

    def to_representation(self, instance: Round) -> dict[str, Any]:
        """Ledger units become Money."""
        amounts = {
            "staked": instance.staked,
            "won": instance.won,
            "rolled_back": instance.rolled_back,
            "corrected": instance.corrected,
            "held": instance.held_amount,
            "net": instance.net,
        }
        return {
            "id": str(instance.pk),
            "game": self.get_game(instance),
            "session": self.get_session(instance),
            "state": instance.state,
            **{name: Money(units, instance.currency).to_json() for name, units in amounts.items()},
            "opened_at": self.fields["opened_at"].to_representation(instance.opened_at),
            "closed_at": instance.closed_at and self.fields["closed_at"].to_representation(instance.closed_at),
            "incomplete": self.get_incomplete(instance),
        }

    @extend_schema_field(GameNameSerializer)
    def get_game(self, found: Round) -> dict[str, Any]:
        """The game it was played in, by id from the context."""
        return dict(GameNameSerializer(self.context["games"][found.game_id]).data)

    @extend_schema_field(OpenApiTypes.STR)
    def get_session(self, found: Round) -> str:
        """The session's public id, from the context."""
        return str(self.context["sessions"][found.session_id])

    @extend_schema_field(IncompleteSerializer(allow_null=True))
    def get_incomplete(self, found: Round) -> dict[str, Any] | None:
        """What becomes of it, from the context."""
        standing: Standing | None = self.context["standings"].get(found.pk)
        if standing is None:
            return None
        resumable = found.game_id in self.context["resumable"]
        game = self.context["games"][found.game_id]
        document = {
            "since": found.last_activity_at,
            "happens": standing.policy.outcome,
            "happens_at": standing.resolves_at,
            "handed_to_staff": found.pk in self.context["handed"],
            "policy": standing.policy.pk,
            "text": standing.policy.text,
            "resume": {"game": game.public_code, "currency": found.currency} if resumable else None,
        }
        return dict(IncompleteSerializer(document).data)


class RoundFilterSerializer(serializers.Serializer[Any]):
    """What the history of rounds may be narrowed to."""

    session = serializers.UUIDField(required=False, help_text="Only rounds of this game session.")
    state = serializers.ChoiceField(
        required=False,
        choices=[*Round.State.choices, (INCOMPLETE, "Incomplete")],
        help_text="`incomplete`: open, and interrupted for as long as the published rule says.",
    )
