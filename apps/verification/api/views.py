"""Verifications and documents, for their player."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.throttling import RateLimit, RateLimitThrottle, throttle
from apps.players.api.player_view import PlayerThrottle, PlayerView, principal_of
from apps.verification.api.serializers import (
    DocumentRequestSerializer,
    DocumentSerializer,
    IncomeRequestSerializer,
    IncomeSerializer,
    VerificationRequestSerializer,
    VerificationSerializer,
)
from apps.verification.models import Document, IncomeDeclaration, Verification
from apps.verification.operations.documents import LARGEST_BYTES, DocumentNotAccepted, add_document
from apps.verification.operations.income import declare_income
from apps.verification.operations.sessions import begin_verification

_ID = OpenApiParameter("public_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Its `id`.")


class _CountsPosts(RateLimitThrottle):
    """Only what is sent is counted."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Reading is free."""
        return request.method != "POST" or super().allow_request(request, view)


# Each costs a vendor work, and the operator money; an income, staff a look.
StartThrottle = throttle(RateLimit("verifications", limit=20, seconds=60 * 60), base=_CountsPosts)
IncomeThrottle = throttle(RateLimit("income", limit=20, seconds=60 * 60), base=_CountsPosts)
UploadThrottle = throttle(RateLimit("documents", limit=30, seconds=60 * 60))


class VerificationsView(PlayerView, ListAPIView[Verification]):
    """Begins and lists verifications."""

    serializer_class = VerificationSerializer
    throttle_classes = (PlayerThrottle, StartThrottle)
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_verifications",
        summary="List my verifications",
        description="Newest first. What is `to_do` or `retry` is asked of me: begin it by `POST`.",
        tags=["Verification"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one page."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Verification]:
        """The caller's own."""
        if getattr(self, "swagger_fake_view", False):
            return Verification.objects.none()
        return Verification.objects.filter(player=principal_of(self.request).player)

    @extend_schema(
        operation_id="begin_verification",
        summary="Begin a verification, or go on with it",
        description=(
            "Returns the page of the identity vendor to go to (`url`). There is one open verification of a level: asked"
            " again, it is the same one. Refused with `verification-not-possible` or `no-identity-vendor`; after"
            " `verification-unclear` repeat the request."
        ),
        tags=["Verification"],
        request=VerificationRequestSerializer,
        responses={201: VerificationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Begin it. A vendor is called, so no transaction may be open."""
        form = VerificationRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        verification = begin_verification(
            player=principal_of(request).player,
            level=form.validated_data["level"],
            return_url=form.validated_data["return_url"],
            now=clock.now(),
        )
        shown = VerificationSerializer(verification).data
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class VerificationView(PlayerView):
    """One verification."""

    @extend_schema(
        operation_id="get_verification",
        summary="Show one of my verifications",
        tags=["Verification"],
        parameters=[_ID],
        responses=VerificationSerializer,
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Show it; somebody else's is not found."""
        found = Verification.objects.filter(player=principal_of(request).player, public_id=public_id).first()
        if found is None:
            raise Http404
        return Response(VerificationSerializer(found).data)


class DocumentsView(PlayerView):
    """Takes documents."""

    parser_classes = (MultiPartParser,)  # type: ignore[assignment]  # a file, not JSON
    throttle_classes = (PlayerThrottle, UploadThrottle)

    @extend_schema(
        operation_id="send_document",
        summary="Send a document",
        description="The same file sent again is the same document. Refused with `document-not-accepted`.",
        tags=["Verification"],
        request={"multipart/form-data": DocumentRequestSerializer},
        responses={201: DocumentSerializer},
    )
    def post(self, request: Request) -> Response:
        """Keep it, encrypted."""
        form = DocumentRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        if file.size > LARGEST_BYTES:
            raise DocumentNotAccepted(f"At most {LARGEST_BYTES // 2**20} MB.")
        player = principal_of(request).player
        document = add_document(
            player=player,
            kind=form.validated_data["kind"],
            content=file.read(),
            uploaded_by="player",
            now=clock.now(),
        )
        return Response(DocumentSerializer(document).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="list_documents",
        summary="List the documents I sent",
        description="The last hundred, newest first.",
        tags=["Verification"],
        responses=DocumentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List them."""
        mine = Document.objects.filter(player=principal_of(request).player)[:100]
        return Response(DocumentSerializer(list(mine), many=True).data)  # type: ignore[arg-type]  # many


class IncomeView(PlayerView):
    """Takes declarations of income."""

    throttle_classes = (PlayerThrottle, IncomeThrottle)

    @extend_schema(
        operation_id="declare_income",
        summary="Declare my income",
        description=(
            "What I earn a month and where my money comes from. The last declaration counts; the same said again is the"
            " same one. A document (`POST /verification-documents` with kind `source_of_funds`) may show it. Refused"
            " with `income-not-sound`."
        ),
        tags=["Verification"],
        request=IncomeRequestSerializer,
        responses={201: IncomeSerializer},
    )
    def post(self, request: Request) -> Response:
        """Keep it."""
        form = IncomeRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = declare_income(
            player_id=principal_of(request).player.pk,
            monthly=form.validated_data["monthly"],
            source=form.validated_data["main_source"],
            document=form.validated_data["document"],
            now=clock.now(),
        )
        return Response(IncomeSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="list_income_declarations",
        summary="List what I declared to earn",
        description="The last twenty, newest first.",
        tags=["Verification"],
        responses=IncomeSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List them."""
        mine = IncomeDeclaration.objects.filter(player=principal_of(request).player).select_related("document")[:20]
        return Response(IncomeSerializer(list(mine), many=True).data)  # type: ignore[arg-type]  # many
