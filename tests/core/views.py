"""Small API views that the tests of the plumbing call over HTTP."""
# ruff: noqa: ARG002 - the signatures are DRF's

import threading
from typing import Any, ClassVar, cast

from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.api.fields import MoneyField
from apps.core.api.parsers import StrictJSONParser
from apps.core.errors import DomainError
from apps.core.idempotency import idempotent
from apps.core.models import IdempotencyKey
from apps.core.request_context import current_actor, current_request_id, set_actor
from apps.core.throttling import AddressThrottle, RateLimit, RateLimitThrottle, throttle


class TooPoor(DomainError):
    """There is less in the wallet than was asked for."""

    code = "test-too-poor"
    title = "Not enough money"
    status = 422


class Busy(DomainError):
    """Come back later."""

    code = "test-busy"
    title = "Busy"
    status = 503

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "7"}


class ActorFromHeader(BaseAuthentication):
    """Believes the X-Actor header."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Name the actor."""
        actor = request.headers.get("X-Actor")
        if actor is None:
            return None
        if actor == "forged":
            raise exceptions.AuthenticationFailed("No such session.")
        set_actor(actor)
        return User(username=actor), None

    def authenticate_header(self, request: Request) -> str:
        """Ask for a token."""
        return 'Bearer realm="test"'


class Leg(serializers.Serializer[Any]):
    """One part of a payment."""

    amount = MoneyField()
    note = serializers.CharField(max_length=3, required=False)


class Payment(serializers.Serializer[Any]):
    """Nested input, to see nested errors."""

    amount = MoneyField()
    legs = Leg(many=True, required=False)
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse as a whole."""
        if attrs.get("tags") == [13]:
            raise serializers.ValidationError("Unlucky.", code="unlucky")
        return attrs


class PaymentView(APIView):
    """Echoes what it understood."""

    parser_classes = (StrictJSONParser,)

    def post(self, request: Request) -> Response:
        """Validate."""
        payment = Payment(data=request.data)
        payment.is_valid(raise_exception=True)
        return Response(Payment(payment.validated_data).data)


class RaisingView(APIView):
    """Raises what the address names."""

    errors: ClassVar[dict[str, Exception]] = {
        "domain": TooPoor("Only 3 left.", extensions={"balance": "3.00", "status": 200}),
        "plain": TooPoor(),
        "busy": Busy(),
        "http404": Http404(),
        "denied": PermissionDenied(),
        "suspicious": SuspiciousOperation("secret detail"),
        "throttled": exceptions.Throttled(wait=2.2),
        "bug": ZeroDivisionError("secret detail"),
        "database": OperationalError("secret detail"),
    }

    def get(self, request: Request, name: str) -> Response:
        """Raise."""
        raise self.errors[name]


class PrivateView(APIView):
    """For those who are logged in."""

    authentication_classes = (ActorFromHeader,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        """Say who and which request."""
        return Response({"actor": current_actor(), "request_id": str(current_request_id())})


def database_away(request: HttpRequest) -> JsonResponse:
    """Raise outside DRF what the driver raises while the server restarts."""
    raise OperationalError("secret detail")


def bug(request: HttpRequest) -> JsonResponse:
    """Fail outside DRF."""
    raise ZeroDivisionError("secret detail")


class KeyRow(serializers.ModelSerializer[IdempotencyKey]):
    """A row of a list."""

    class Meta:
        """The key alone."""

        model = IdempotencyKey
        fields = ("key",)


class ListView(ListAPIView[IdempotencyKey]):
    """A list by cursor."""

    queryset = IdempotencyKey.objects.all()
    serializer_class = KeyRow


class OldestFirstView(ListView):
    """The same, the other way round."""

    cursor_ordering = "created_at"


class GroupView(APIView):
    """Makes a group, which stands for an effect in the database."""

    authentication_classes = (ActorFromHeader,)
    parser_classes = (StrictJSONParser,)
    # Tests hold a request here to send another one meanwhile.
    entered = threading.Event()
    may_go_on = threading.Event()

    @idempotent()
    def post(self, request: Request) -> Response:
        """Make it, and then do as told."""
        body = cast("dict[str, Any]", request.data)
        group = Group.objects.create(name=body["name"])
        match body.get("then"):
            case "refuse":
                raise TooPoor("Only 3 left.")
            case "busy":
                raise Busy
            case "invalid":
                raise exceptions.ValidationError({"name": ["No."]})
            case "crash":
                raise ZeroDivisionError
            case "answer 404":
                return Response({"found": False}, status=404)
            case "answer 204":
                return Response(status=204)
            case "wait":
                self.entered.set()
                assert self.may_go_on.wait(timeout=20)
        return Response(
            {"id": group.pk, "name": group.name, "z": 1, "a": "é"},
            status=201,
            headers={"Location": f"/groups/{group.pk}"},
        )


class OptionalKeyView(APIView):
    """Takes a key but does not insist, and names its own scope."""

    parser_classes = (StrictJSONParser,)

    def idempotency_scope(self, request: Request) -> str:
        """Everybody is one principal here."""
        return "everybody"

    @idempotent(required=False)
    def post(self, request: Request) -> Response:
        """Make a group."""
        group = Group.objects.create(name=cast("dict[str, Any]", request.data)["name"])
        return Response({"id": group.pk})


TWICE = RateLimit("test-twice", limit=2, seconds=60)


class ThrottledView(APIView):
    """May be called twice a minute by each address."""

    throttle_classes = (throttle(TWICE, base=AddressThrottle),)

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({})


class ThrottledByActorView(ThrottledView):
    """May be called twice a minute by each actor."""

    authentication_classes = (ActorFromHeader,)
    throttle_classes = (throttle(RateLimit("test-actor", limit=2, seconds=60), base=RateLimitThrottle),)
