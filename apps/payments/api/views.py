"""Deposits, withdrawals and ways to pay, for their player."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.idempotency import REPLAYED_HEADER, IdempotencyKeyMissing, idempotent, read_key
from apps.core.money import Money
from apps.core.throttling import RateLimit, throttle
from apps.payments.api.serializers import (
    DepositRequestSerializer,
    DepositSerializer,
    InstrumentRequestSerializer,
    OwnInstrumentSerializer,
    PaymentMethodSerializer,
    WithdrawalPlanRequestSerializer,
    WithdrawalPlanSerializer,
    WithdrawalRequestSerializer,
    WithdrawalSerializer,
)
from apps.payments.methods import methods_for
from apps.payments.models import Deposit, Instrument, Withdrawal
from apps.payments.operations.added_instruments import add_instrument
from apps.payments.operations.deposits import request_deposit
from apps.payments.operations.withdrawals import cancel_withdrawal, plan_withdrawal, request_withdrawal
from apps.players.api.player_view import PlayerThrottle, PlayerView, principal_of
from apps.players.caller import caller_of

# Each costs a provider work.
PaymentThrottle = throttle(RateLimit("payments", limit=60, seconds=60))

_ID = OpenApiParameter("public_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Its `id`.")
_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="One new value (a UUID, say) for each deposit. The same request sent again gives the same deposit.",
)


class PaymentMethodsView(PlayerView):
    """Ways to pay."""

    @extend_schema(
        operation_id="list_payment_methods",
        summary="List the ways to pay open to me",
        description="With smallest and largest amounts in each currency, and the instruments I may withdraw to.",
        tags=["Payments"],
        responses=PaymentMethodSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List them."""
        found = methods_for(principal_of(request).player)
        return Response(PaymentMethodSerializer(found, many=True).data)


class InstrumentsView(PlayerView, ListAPIView[Instrument]):
    """Lists and adds instruments."""

    serializer_class = OwnInstrumentSerializer
    throttle_classes = (PlayerThrottle, PaymentThrottle)
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_instruments",
        summary="List my payment instruments",
        description="Accounts, cards and addresses that I have paid with or added. Newest first.",
        tags=["Payments"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one page."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Instrument]:
        """The caller's own that may be used."""
        if getattr(self, "swagger_fake_view", False):
            return Instrument.objects.none()
        return Instrument.objects.filter(player=principal_of(self.request).player, is_blocked=False)

    @extend_schema(
        operation_id="add_instrument",
        summary="Add an address to withdraw to",
        description=(
            "Only for methods whose protocol pays to an address that its owner names (crypto). Accounts and cards"
            " become known by paying with them. Adding it again gives the same instrument. Refused with"
            " `instrument-not-addable` or `address-not-valid`."
        ),
        tags=["Payments"],
        request=InstrumentRequestSerializer,
        responses={201: OwnInstrumentSerializer},
        examples=[
            OpenApiExample(
                "Bitcoin",
                value={
                    "method": "crypto",
                    "currency": "BTC",
                    "address": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Remember it. The same address is the same instrument, so no key is needed."""
        form = InstrumentRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        terms = form.validated_data
        found = add_instrument(
            player=principal_of(request).player,
            method=terms["method"],
            currency=terms["currency"],
            address=terms["address"],
            tag=terms.get("tag", ""),
            now=clock.now(),
        )
        return Response(OwnInstrumentSerializer(found).data, status=status.HTTP_201_CREATED)


class DepositsView(PlayerView):
    """Starts deposits."""

    throttle_classes = (PlayerThrottle, PaymentThrottle)

    @extend_schema(
        operation_id="start_deposit",
        summary="Start a deposit",
        description=(
            "Returns what the frontend does next. The money is in the wallet once the deposit is `settled`; ask"
            " `GET deposits/{id}`. Refused with `deposits-blocked` or `deposit-not-possible`. After `deposit-unclear`"
            " repeat the request with the same key."
        ),
        tags=["Payments"],
        parameters=[_KEY],
        request=DepositRequestSerializer,
        responses={201: DepositSerializer},
        examples=[
            OpenApiExample(
                "By card", value={"amount": {"amount": "50.00", "currency": "EUR"}, "method": "card"}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Start it. Its key is kept with the deposit, for ever: a provider is called, so no transaction may be open."""
        key = read_key(request.headers.get("Idempotency-Key"))
        if key is None:
            raise IdempotencyKeyMissing
        form = DepositRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        terms = form.validated_data
        deposit, is_replay = request_deposit(
            player=principal_of(request).player,
            money=terms["amount"],
            method=terms["method"],
            slug=terms.get("integration", ""),
            client_key=key,
            remote_address=caller_of(request).remote_address or "",
            now=clock.now(),
        )
        headers = {"Cache-Control": "no-store", **({REPLAYED_HEADER: "true"} if is_replay else {})}
        return Response(DepositSerializer(deposit).data, status=status.HTTP_201_CREATED, headers=headers)


class DepositView(PlayerView):
    """One deposit."""

    @extend_schema(
        operation_id="get_deposit",
        summary="Show one of my deposits",
        tags=["Payments"],
        parameters=[_ID],
        responses=DepositSerializer,
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Show it; somebody else's is not found."""
        found = Deposit.objects.filter(player=principal_of(request).player, public_id=public_id).first()
        if found is None:
            raise Http404
        return Response(DepositSerializer(found).data)


class WithdrawalsView(PlayerView, ListAPIView[Withdrawal]):
    """Requests and lists withdrawals."""

    serializer_class = WithdrawalSerializer
    throttle_classes = (PlayerThrottle, PaymentThrottle)
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_withdrawals",
        summary="List my withdrawals",
        description="Newest first.",
        tags=["Payments"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one page."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Withdrawal]:
        """The caller's own."""
        if getattr(self, "swagger_fake_view", False):
            return Withdrawal.objects.none()
        player = principal_of(self.request).player
        return Withdrawal.objects.filter(player=player).select_related("player", "instrument")

    @extend_schema(
        operation_id="request_withdrawal",
        summary="Request a withdrawal",
        description=(
            "The amount leaves the playable balance at once. Refused with `insufficient-funds`, `instrument-unknown`,"
            " `withdrawal-not-possible` or `withdrawals-blocked`."
        ),
        tags=["Payments"],
        request=WithdrawalRequestSerializer,
        responses={201: WithdrawalSerializer},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Lock the money and put it on its way."""
        form = WithdrawalRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        withdrawal = request_withdrawal(
            player=principal_of(request).player,
            money=form.validated_data["amount"],
            instrument=form.validated_data["instrument"],
            remote_address=caller_of(request).remote_address or "",
            now=clock.now(),
        )
        return Response(WithdrawalSerializer(withdrawal).data, status=status.HTTP_201_CREATED)


class WithdrawalPlanView(PlayerView):
    """Tells how a withdrawal is to be divided."""

    @extend_schema(
        operation_id="plan_withdrawal",
        summary="Ask how to divide a withdrawal",
        description=(
            "Money goes back to the instruments that it came from, up to what came from each; the rest goes to one that"
            " is known to be mine. Request one withdrawal for each part, in this order, then one for the rest. One that"
            " is not divided like that waits until somebody has looked at it. What is on its way already counts as gone"
            " back. Refused with `instrument-unknown`."
        ),
        tags=["Payments"],
        parameters=[
            OpenApiParameter("amount", OpenApiTypes.STR, required=True, description="In main units, e.g. `150.00`."),
            OpenApiParameter("currency", OpenApiTypes.STR, required=True, description="ISO 4217, or a crypto code."),
            OpenApiParameter(
                "instrument", OpenApiTypes.STR, description="Served first; id of one of my instruments, or a method."
            ),
        ],
        responses=WithdrawalPlanSerializer,
    )
    def get(self, request: Request) -> Response:
        """Say how. Nothing is kept."""
        form = WithdrawalPlanRequestSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        money, wanted = form.validated_data["money"], form.validated_data["instrument"]
        plan = plan_withdrawal(player=principal_of(request).player, money=money, instrument=wanted)
        parts = [
            {
                "instrument": share.instrument.public_id,
                "method": share.instrument.method_id,
                "masked": share.instrument.masked,
                "amount": Money(share.units, money.currency),
            }
            for share in plan.shares
        ]
        rest = Money(plan.remainder_units, money.currency) if plan.remainder_units else None
        return Response(WithdrawalPlanSerializer({"parts": parts, "rest": rest}).data)


class WithdrawalView(PlayerView):
    """One withdrawal."""

    @extend_schema(
        operation_id="get_withdrawal",
        summary="Show one of my withdrawals",
        tags=["Payments"],
        parameters=[_ID],
        responses=WithdrawalSerializer,
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Show it; somebody else's is not found."""
        own = Withdrawal.objects.filter(player=principal_of(request).player, public_id=public_id)
        found = own.select_related("player", "instrument").first()
        if found is None:
            raise Http404
        return Response(WithdrawalSerializer(found).data)


class WithdrawalCancelView(PlayerView):
    """Takes a withdrawal back."""

    throttle_classes = (PlayerThrottle, PaymentThrottle)

    @extend_schema(
        operation_id="cancel_withdrawal",
        summary="Cancel one of my withdrawals",
        description=(
            "While it is not approved, and where the law allows it. Refused with `withdrawal-locked` or"
            " `reverse-withdrawal-not-allowed`."
        ),
        tags=["Payments"],
        parameters=[_ID],
        request=None,
        responses=WithdrawalSerializer,
    )
    @idempotent()
    def post(self, request: Request, public_id: UUID) -> Response:
        """Give the money back."""
        player = principal_of(request).player
        withdrawal = cancel_withdrawal(player=player, public_id=public_id, now=clock.now())
        return Response(WithdrawalSerializer(withdrawal).data)
