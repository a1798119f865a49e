"""What the player API of verification reads and shows. What is written for staff is never in it (K9)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField, MoneySerializer
from apps.core.money import Money
from apps.verification.models import Document, IncomeDeclaration, Verification

# A review and a wait look alike: telling them apart would tip off.
PLAYER_STATES = {
    Verification.State.NONE: "to_do",
    Verification.State.PENDING: "pending",
    Verification.State.REVIEW: "pending",
    Verification.State.RETRY: "retry",
    Verification.State.APPROVED: "approved",
    Verification.State.REJECTED: "rejected",
    Verification.State.ABANDONED: "abandoned",
    Verification.State.EXPIRED: "expired",
}


class VerificationRequestSerializer(serializers.Serializer[Any]):
    """A verification to be begun, or gone on with."""

    level = serializers.ChoiceField(choices=Verification.Level.choices, default=Verification.Level.IDENTITY)
    return_url = serializers.URLField(
        required=False, default="", max_length=500, help_text="Where the vendor sends me afterwards."
    )

    def validate_return_url(self, value: str) -> str:
        """Web addresses only."""
        if value and not value.startswith(("https://", "http://")):
            raise serializers.ValidationError("An http or https address.")
        return value


class VerificationSerializer(serializers.Serializer[Verification]):
    """A verification as its player sees it."""

    id = serializers.UUIDField(source="public_id")
    level = serializers.ChoiceField(choices=Verification.Level.choices)
    state = serializers.SerializerMethodField(
        help_text="`to_do`, `pending`, `retry`, `approved`, `rejected`, `abandoned` or `expired`."
    )
    reason = serializers.CharField(source="player_reason", help_text="A code; empty where there is nothing to say.")
    note = serializers.CharField(source="player_note", help_text="What was wrong with what I showed, in words.")
    url = serializers.SerializerMethodField(help_text="Where to go now; empty where nothing is asked of me.")
    started_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()

    def get_state(self, verification: Verification) -> str:
        """What a player is told of its state."""
        return PLAYER_STATES[Verification.State(verification.state)]

    def get_url(self, verification: Verification) -> str:
        """Only while the session is his to use."""
        return verification.session_url if verification.state == Verification.State.PENDING else ""


class DocumentRequestSerializer(serializers.Serializer[Any]):
    """A document to be sent."""

    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    file = serializers.FileField(help_text="JPEG, PNG or PDF, 10 MB at most.")


class DocumentSerializer(serializers.Serializer[Document]):
    """A document as its player sees it; its bytes are never sent back."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    state = serializers.ChoiceField(choices=Document.State.choices)
    size_bytes = serializers.IntegerField()
    uploaded_at = serializers.DateTimeField()


class IncomeRequestSerializer(serializers.Serializer[Any]):
    """What I earn a month, and where my money comes from."""

    monthly = MoneyField(allow_zero=True, help_text="A month, after tax.")
    main_source = serializers.ChoiceField(choices=IncomeDeclaration.Source.choices)
    document = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Id of a document of mine that shows it."
    )


class IncomeSerializer(serializers.Serializer[IncomeDeclaration]):
    """A declaration as its player sees it."""

    id = serializers.UUIDField(source="public_id")
    monthly = serializers.SerializerMethodField()
    main_source = serializers.ChoiceField(source="source", choices=IncomeDeclaration.Source.choices)
    document = serializers.UUIDField(source="document.public_id", allow_null=True, default=None)
    declared_at = serializers.DateTimeField()

    @extend_schema_field(MoneySerializer)
    def get_monthly(self, declared: IncomeDeclaration) -> dict[str, str]:
        """A month."""
        return Money(declared.monthly_units, declared.currency).to_json()
