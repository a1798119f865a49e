"""Limits, exclusions and reality checks of the player who calls."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.throttling import RateLimit, throttle
from apps.players.api.player_view import PlayerThrottle, PlayerView, principal_of
from apps.players.models import Player
from apps.safer_play.admissions import require_not_excluded
from apps.safer_play.api.serializers import (
    DueReviewPageSerializer,
    ExclusionPageSerializer,
    ExclusionRequestSerializer,
    ExclusionSerializer,
    ExclusionVisitSerializer,
    IntervalSerializer,
    LimitPageSerializer,
    LimitRequestSerializer,
    LimitSerializer,
    MarketingSerializer,
    ReturnRequestSerializer,
    SittingSerializer,
)
from apps.safer_play.exclusions import ExclusionTerms, exclude_person, exclusions_of
from apps.safer_play.limits import confirm_change, set_limit, withdraw_change
from apps.safer_play.marketing import consent_to_marketing, is_marketing_stopped, stop_marketing
from apps.safer_play.models import Limit, Review
from apps.safer_play.overview import limit_view, limit_views, sitting_view
from apps.safer_play.reality_checks import acknowledge, choose_interval
from apps.safer_play.returning import request_return, withdraw_return
from apps.safer_play.reviews import due_reviews, note_review
from apps.safer_play.visits import leave_visit, open_visit

# Each visit may become a fact, a webhook and a look by staff. It stands before nobody's exclusion.
VisitThrottle = throttle(RateLimit("exclusion-visits", limit=20, seconds=60 * 60))

_TAG = "Safer play"
_ID = OpenApiParameter("id", str, OpenApiParameter.PATH, description="Its `pending_id`.")
_EXCLUSION_ID = OpenApiParameter("id", str, OpenApiParameter.PATH, description="Of the exclusion.")
_WEEKLY = OpenApiExample(
    "At most 100 euros a week",
    value={"kind": "deposit", "period": "week", "amount": {"amount": "100.00", "currency": "EUR"}},
    request_only=True,
)
_BREAK = OpenApiExample("Seven days off", value={"kind": "time_out", "days": 7}, request_only=True)


class LimitsView(PlayerView):
    """The player's limits."""

    @extend_schema(
        operation_id="list_limits",
        summary="List my limits",
        description="Each with how far it is used up, when its period ends, and a change under way. Always one page.",
        tags=[_TAG],
        responses=LimitPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List them."""
        views = limit_views(principal_of(request).player.pk, now=clock.now())
        page = {"results": views, "next": None, "previous": None}
        return Response(LimitPageSerializer(page).data)

    @extend_schema(
        operation_id="set_limit",
        summary="Set, lower, raise or remove a limit",
        description=(
            "A first or lower limit counts at once. A higher one, and none (`amount` null), waits for the delay of the"
            " player's jurisdiction: `pending` and `pending_from` say what will count from when. A limit so high that"
            " staff must speak with the player first waits for that (`pending_state` is `awaiting_contact`). Asking"
            " again replaces a change under way. All limits apply; the one with the least room decides."
        ),
        tags=[_TAG],
        request=LimitRequestSerializer,
        responses=LimitSerializer,
        examples=[_WEEKLY],
    )
    def put(self, request: Request) -> Response:
        """Change one."""
        form = LimitRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        player_id, now = principal_of(request).player.pk, clock.now()
        change = set_limit(player_id=player_id, terms=form.terms(), now=now)
        limit = change.effective or change.pending
        return Response(LimitSerializer(_shown(limit, now)).data)


class PendingLimitView(PlayerView):
    """A change of a limit that waits."""

    @extend_schema(
        operation_id="withdraw_limit_change",
        summary="Take back a change of a limit",
        description="The limit stays as it is. Possible for as long as the change does not count.",
        tags=[_TAG],
        parameters=[_ID],
        request=None,
        responses={204: OpenApiResponse(description="Taken back")},
    )
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the path's own word
        """Take it back."""
        withdraw_change(player_id=principal_of(request).player.pk, public_id=str(id), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="confirm_limit_change",
        summary="Confirm a change of a limit",
        description="Where the law asks for it after the delay (`awaiting_confirmation`); silence changes nothing.",
        tags=[_TAG],
        parameters=[_ID],
        request=None,
        responses=LimitSerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - likewise
        """Confirm it."""
        now = clock.now()
        limit = confirm_change(player_id=principal_of(request).player.pk, public_id=str(id), now=now)
        return Response(LimitSerializer(_shown(limit, now)).data)


class ExclusionsView(PlayerView):
    """The player's breaks and exclusions."""

    @extend_schema(
        operation_id="list_exclusions",
        summary="List my exclusions",
        description="Newest first. Always one page.",
        tags=[_TAG],
        responses=ExclusionPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List them."""
        found = exclusions_of(principal_of(request).player.pk).prefetch_related("returns")
        page = {"results": list(found), "next": None, "previous": None}
        return Response(ExclusionPageSerializer(page, context={"now": clock.now()}).data)

    @extend_schema(
        operation_id="exclude_me",
        summary="Take a break or exclude myself",
        description=(
            "Effective at once: this and every other log-in ends, games end, bets and deposits are refused, marketing"
            " stops. Wins of bets already made are still booked, and money can be withdrawn after a new log-in. A"
            " break can be lengthened, never shortened."
        ),
        tags=[_TAG],
        request=ExclusionRequestSerializer,
        responses={201: ExclusionSerializer},
        examples=[_BREAK],
    )
    def post(self, request: Request) -> Response:
        """Exclude the caller."""
        form = ExclusionRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        now = clock.now()
        exclusion = exclude_person(
            player_id=principal_of(request).player.pk,
            terms=ExclusionTerms(kind=form.validated_data["kind"], lasts=form.lasts(now)),
            reason=form.validated_data["reason"],
            now=now,
        )
        return Response(ExclusionSerializer(exclusion, context={"now": now}).data, status=status.HTTP_201_CREATED)


class ExclusionVisitsView(PlayerView):
    """The page on which players exclude themselves has been opened."""

    throttle_classes = (PlayerThrottle, VisitThrottle)

    @extend_schema(
        operation_id="open_exclusion_visit",
        summary="Say that I have opened the page of self-exclusion",
        description=(
            "Call it when the page opens. Excluding myself ends the visit; so does leaving the page (`DELETE`), or half"
            " an hour without either. Visits that were not finished are a marker that somebody may need help. Twenty an"
            " hour are noted; excluding myself needs none of them."
        ),
        tags=[_TAG],
        request=None,
        responses={201: ExclusionVisitSerializer},
    )
    def post(self, request: Request) -> Response:
        """Note it."""
        visit = open_visit(player_id=principal_of(request).player.pk, now=clock.now())
        return Response(ExclusionVisitSerializer(visit).data, status=status.HTTP_201_CREATED)


class ExclusionVisitView(PlayerView):
    """One visit."""

    @extend_schema(
        operation_id="leave_exclusion_visit",
        summary="Say that I have left the page of self-exclusion",
        description="Said twice, or after I excluded myself, it changes nothing.",
        tags=[_TAG],
        parameters=[OpenApiParameter("id", str, OpenApiParameter.PATH, description="Of the visit.")],
        request=None,
        responses={204: OpenApiResponse(description="Noted")},
    )
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the path's own word
        """Note it; somebody else's visit is not found."""
        if leave_visit(player_id=principal_of(request).player.pk, public_id=id, now=clock.now()) is None:
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReturnView(PlayerView):
    """The way back from an exclusion."""

    @extend_schema(
        operation_id="request_return",
        summary="Ask to come back",
        description="Once the term is over. The law may want a reason, a decision of the operator, and a cooling-off.",
        tags=[_TAG],
        parameters=[_EXCLUSION_ID],
        request=ReturnRequestSerializer,
        responses=ExclusionSerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the path's own word
        """Ask."""
        form = ReturnRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        now = clock.now()
        asked = request_return(
            player_id=principal_of(request).player.pk,
            public_id=str(id),
            reason=form.validated_data["reason"],
            now=now,
        )
        return Response(ExclusionSerializer(asked.exclusion, context={"now": now}).data)

    @extend_schema(
        operation_id="withdraw_return",
        summary="Stay away after all",
        description="Takes back the request to come back.",
        tags=[_TAG],
        parameters=[_EXCLUSION_ID],
        request=None,
        responses={204: OpenApiResponse(description="Taken back")},
    )
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002 - likewise
        """Take it back."""
        withdraw_return(player_id=principal_of(request).player.pk, public_id=str(id), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SittingView(PlayerView):
    """The present sitting."""

    @extend_schema(
        operation_id="get_play_session",
        summary="How long I have played, and where I stand",
        description="Since the log-in, over all games and providers, by the platform's clock.",
        tags=[_TAG],
        responses=SittingSerializer,
    )
    def get(self, request: Request) -> Response:
        """Show it."""
        principal = principal_of(request)
        player = Player.objects.select_related("jurisdiction").get(pk=principal.player.pk)
        return Response(SittingSerializer(sitting_view(player, principal.session, now=clock.now())).data)


class RealityCheckView(PlayerView):
    """Reality checks."""

    @extend_schema(
        operation_id="choose_reality_check",
        summary="Choose how often I get a reality check",
        description="Where the law fixes the interval it cannot be chosen (`interval-fixed-by-law`).",
        tags=[_TAG],
        request=IntervalSerializer,
        responses=IntervalSerializer,
    )
    def put(self, request: Request) -> Response:
        """Choose."""
        form = IntervalSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        minutes = form.validated_data["interval_minutes"]
        choose_interval(player_id=principal_of(request).player.pk, minutes=minutes, now=clock.now())
        return Response({"interval_minutes": minutes})

    @extend_schema(
        operation_id="acknowledge_reality_check",
        summary="Acknowledge a reality check",
        description="Says that the player has seen it. Play goes on, after a pause where the law forces one.",
        tags=[_TAG],
        request=None,
        responses=SittingSerializer,
    )
    def post(self, request: Request) -> Response:
        """Acknowledge."""
        principal, now = principal_of(request), clock.now()
        acknowledge(session=principal.session, now=now)
        player = Player.objects.select_related("jurisdiction").get(pk=principal.player.pk)
        return Response(SittingSerializer(sitting_view(player, principal.session, now=now)).data)


class ReviewsView(PlayerView):
    """Reviews of account and limits that are due."""

    @extend_schema(
        operation_id="list_due_reviews",
        summary="What should I look at again?",
        description=(
            "Where the law wants players to be asked from time to time (Britain: account and transactions every 183"
            " days; whether to set a limit every 365 days without one). Show a prompt for each; ask after each log-in."
        ),
        tags=[_TAG],
        responses=DueReviewPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List them."""
        player = Player.objects.select_related("jurisdiction").get(pk=principal_of(request).player.pk)
        page = {"results": due_reviews(player, now=clock.now()), "next": None, "previous": None}
        return Response(DueReviewPageSerializer(page).data)


class ReviewView(PlayerView):
    """One of them."""

    @extend_schema(
        operation_id="note_review",
        summary="Say that I have looked",
        description="The days are counted anew. Not due: `review-not-due`.",
        tags=[_TAG],
        parameters=[OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=Review.Kind.values)],
        request=None,
        responses={204: OpenApiResponse(description="Noted")},
    )
    def post(self, request: Request, kind: str) -> Response:
        """Note it."""
        note_review(player_id=principal_of(request).player.pk, kind=kind, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MarketingView(PlayerView):
    """Whether the player may be sent marketing."""

    @extend_schema(
        operation_id="get_marketing",
        summary="May I be sent marketing?",
        description="False after an exclusion, for good, until the player allows it again.",
        tags=[_TAG],
        responses=MarketingSerializer,
    )
    def get(self, request: Request) -> Response:
        """Show it."""
        return Response({"is_allowed": not is_marketing_stopped(principal_of(request).player.pk)})

    @extend_schema(
        operation_id="set_marketing",
        summary="Allow or stop marketing",
        description="Not to be allowed while excluded (`player-excluded`).",
        tags=[_TAG],
        request=MarketingSerializer,
        responses=MarketingSerializer,
    )
    def put(self, request: Request) -> Response:
        """Change it."""
        form = MarketingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        player, now = principal_of(request).player, clock.now()
        if form.validated_data["is_allowed"]:
            require_not_excluded(player.pk, now=now)
            consent_to_marketing(player_id=player.pk, now=now)
        else:
            stop_marketing(player=player, reason="player", actor="player", now=now)
        return Response({"is_allowed": not is_marketing_stopped(player.pk)})


def _shown(limit: Limit | None, now: Any) -> Any:
    """A limit as the list shows it."""
    assert limit is not None  # noqa: S101 - a change leaves one or the other
    return limit_view(
        limit.player_id,
        kind=limit.kind,
        period=limit.period,
        currency=limit.currency,
        set_by=limit.set_by,
        now=now,
    )
