"""The JSON of players and sessions, in and out."""

from datetime import date
from typing import Any

from rest_framework import serializers

from apps.core import clock
from apps.players.caller import DEVICE_LENGTH
from apps.players.models import Player, PlayerSession
from apps.players.operations import Registration
from apps.players.operations.profile import CONTACT_FIELDS
from apps.players.passwords import MAX_LENGTH, MIN_LENGTH

OLDEST_AGE_YEARS = 120

_USERNAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$"
_COUNTRY_PATTERN = r"^[A-Z]{2}$"
_LANGUAGE_PATTERN = r"^[a-z]{2}(-[A-Z]{2})?$"
_PHONE_PATTERN = r"^(\+?[0-9][0-9 ()/.-]{3,29})?$"


class ContactSerializer(serializers.Serializer[Any]):
    """The contact details a player may change."""

    email = serializers.EmailField(max_length=254, help_text="One account per address and brand.")
    phone = serializers.RegexField(
        _PHONE_PATTERN,
        max_length=32,
        allow_blank=True,
        required=False,
        help_text="As dialled from abroad: `+356 2123 4567`.",
    )
    street = serializers.CharField(max_length=160, allow_blank=True, required=False, help_text="Street and number.")
    city = serializers.CharField(max_length=80, allow_blank=True, required=False)
    postcode = serializers.CharField(max_length=16, allow_blank=True, required=False)
    language = serializers.RegexField(
        _LANGUAGE_PATTERN, required=False, help_text="ISO 639-1, with a country where it matters: `en`, `pt-BR`."
    )

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what belongs to the profile but is no contact detail, instead of silently ignoring it."""
        if self.partial and isinstance(data, dict):
            fixed = [name for name in data if name not in CONTACT_FIELDS]
            if fixed:
                raise serializers.ValidationError(
                    {name: [serializers.ErrorDetail("This cannot be changed here.", "read_only")] for name in fixed}
                )
        return super().to_internal_value(data)


class RegistrationSerializer(ContactSerializer):
    """Everything needed to open an account; the contact details besides `email` may follow later."""

    username = serializers.RegexField(
        _USERNAME_PATTERN, min_length=3, max_length=64, help_text="Unique at the brand, whatever the case."
    )
    password = serializers.CharField(
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        trim_whitespace=False,
        write_only=True,
        style={"input_type": "password"},
        help_text="Not a common one, and not like the name or the e-mail address.",
    )
    brand = serializers.SlugField(max_length=40, help_text="Code of the brand.")
    birth_date = serializers.DateField(help_text="`YYYY-MM-DD`. Players are 18 at least, in some places older.")
    country = serializers.RegexField(_COUNTRY_PATTERN, help_text="Country of residence, ISO 3166-1 alpha-2.")
    currency = serializers.RegexField(r"^[A-Z0-9]{3,8}$", help_text="Of the first wallet; one the brand offers.")
    first_name = serializers.CharField(max_length=80)
    last_name = serializers.CharField(max_length=80)

    def validate_birth_date(self, value: date) -> date:
        """Refuse days to come and people older than anybody has been."""
        today = clock.now().date()
        if not 0 <= today.year - value.year <= OLDEST_AGE_YEARS or value > today:
            raise serializers.ValidationError("Not a plausible date of birth.", code="implausible")
        return value

    def registration(self) -> Registration:
        """The validated request as the operation takes it."""
        return Registration(**self.validated_data)


class MeSerializer(serializers.ModelSerializer[Player]):
    """A player as the player sees it."""

    id = serializers.CharField(source="public_id", read_only=True, help_text="Opaque; the same for good.")
    brand = serializers.SlugRelatedField[Any](slug_field="code", read_only=True, help_text="Code of the brand.")
    jurisdiction = serializers.CharField(
        source="jurisdiction_id", read_only=True, help_text="Whose law applies, e.g. `MT` or `CA-ON`."
    )
    restrictions = serializers.ListField(
        child=serializers.ChoiceField(choices=Player.Restriction.choices),
        read_only=True,
        help_text="What the player may not do at present; empty unless `status` is `restricted`.",
    )

    class Meta:
        model = Player
        fields = (
            "id",
            "username",
            "brand",
            "email",
            "first_name",
            "last_name",
            "birth_date",
            "country",
            "jurisdiction",
            "currency",
            "phone",
            "street",
            "city",
            "postcode",
            "language",
            "status",
            "restrictions",
            "registered_at",
            "last_login_at",
        )
        read_only_fields = fields


class LoginSerializer(serializers.Serializer[Any]):
    """Username, password and brand."""

    username = serializers.CharField(max_length=64, trim_whitespace=False)
    password = serializers.CharField(
        max_length=MAX_LENGTH, trim_whitespace=False, write_only=True, style={"input_type": "password"}
    )
    brand = serializers.SlugField(max_length=40, help_text="Code of the brand.")
    device = serializers.CharField(
        max_length=DEVICE_LENGTH,
        required=False,
        default="",
        allow_blank=True,
        help_text="The frontend's id of the device.",
    )


class TokenSerializer(serializers.Serializer[Any]):
    """A session just opened."""

    token = serializers.CharField(help_text="Opaque. Shown this once; keep it secret.")
    expires_at = serializers.DateTimeField(help_text="When the session ends by itself.")
    session = serializers.CharField(help_text="The session's id, as in `GET /api/v1/sessions`.")


class SessionSerializer(serializers.ModelSerializer[PlayerSession]):
    """One of the player's own sessions; never its token."""

    id = serializers.CharField(source="public_id", read_only=True)
    is_current = serializers.SerializerMethodField(help_text="Whether this request was made in it.")

    class Meta:
        model = PlayerSession
        fields = (
            "id", "is_current", "created_at", "last_seen_at", "expires_at", "remote_address", "user_agent", "device",
        )  # fmt: skip
        read_only_fields = fields

    def get_is_current(self, session: PlayerSession) -> bool:
        """Compare with the session of the request."""
        return bool(session.pk == self.context["request"].auth.pk)
