"""Offers, version by version: drafted, published by two people, watched for what they cost, stopped."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from apps.bonuses.commands import GIVE_BONUS, GIVE_PERMISSION, PUBLISH_OFFER
from apps.bonuses.figures import DAYS, charts_of, preview_of, uptake_of
from apps.bonuses.law import verdicts_on
from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.offer_forms import GiveForm, NewOfferForm, TermsForm
from apps.bonuses.operations.offers import DRAFT_PERMISSION, STOP_PERMISSION, discard_draft, draft_version, stop_offer
from apps.bonuses.terms import read_terms
from apps.bonuses.wording import terms_in_words
from apps.brands.models import Brand
from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.core.errors import DomainError

_State = OfferVersion.State


def _is(*states: str) -> Any:
    return lambda version: version.state in states


@admin.register(OfferVersion)
class OfferVersionAdmin(StaffAdmin):
    """The terms of an offer from an instant on."""

    brand_lookup = "offer__brand_id"
    staff_actions = ("ask_to_publish", "draft_next", "give", "stop", "discard")
    change_form_template = "staff/bonuses/offer.html"
    change_list_template = "staff/bonuses/offers.html"
    list_display = (
        "offer_name",
        "version_shown",
        "brand_shown",
        "kind",
        "state_shown",
        "valid_from",
        "valid_to",
        "taken",
    )
    list_display_links = ("offer_name", "version_shown")
    list_filter = ("state", "kind", "offer__brand")
    search_fields = ("offer__name", "offer__code")
    search_help_text = "Name or code of the offer"
    fields = ()
    empty_hint = "Nothing is offered. Draft an offer; a colleague publishes it."

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfferVersion]:
        """With the offer and how often it was taken, in one query."""
        rows: QuerySet[OfferVersion] = super().get_queryset(request)
        taken = Grant.objects.filter(version=OuterRef("pk"), claimed_at__isnull=False).values("version")
        count = Subquery(taken.annotate(count=Count("pk")).values("count"))
        related = rows.select_related("offer__brand", "drafted_by", "published_by", "stopped_by")
        return related.annotate(times_taken=Coalesce(count, 0))

    def get_urls(self) -> list[URLPattern]:
        """Add the page for a new offer."""
        new = path("new/", self.admin_site.admin_view(self.new_page), name="bonuses_offer_new")
        urls: list[URLPattern] = super().get_urls()
        return [new, *urls]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With a way to a new offer for those who may draft."""
        context: dict[str, Any] = {"may_draft": request.user.has_perm(DRAFT_PERMISSION), **(extra_context or {})}
        return super().changelist_view(request, context)

    def page_context(self, request: HttpRequest, obj: OfferVersion) -> dict[str, Any]:
        """The terms in words, what the law says, what it would cost or has cost."""
        at, terms = now(), read_terms(obj.terms)
        is_draft = obj.state == _State.DRAFT
        return {
            "version": obj,
            "state": self.state_shown(obj),
            "sentences": terms_in_words(terms),
            "text": terms.text,
            "verdicts": verdicts_on(terms, brand_id=obj.offer.brand_id, now=max(at, obj.valid_from)),
            "preview": preview_of(obj, now=at) if is_draft else [],
            "uptake": uptake_of(obj.offer_id),
            "charts": [] if is_draft else charts_of(obj.offer_id, now=at),
            "days": DAYS,
            "versions": list(obj.offer.versions.exclude(pk=obj.pk).order_by("-number")),
        }

    @admin.display(description="offer", ordering="offer__name")
    def offer_name(self, version: OfferVersion) -> str:
        """As players read it."""
        return version.offer.name

    @admin.display(description="version")
    def version_shown(self, version: OfferVersion) -> str:
        """Its number."""
        return f"version {version.number}"

    @admin.display(description="brand")
    def brand_shown(self, version: OfferVersion) -> str:
        """Whose."""
        return version.offer.brand.name

    @admin.display(description="state")
    def state_shown(self, version: OfferVersion) -> str:
        """Whether players can take it now."""
        at = now()
        if version.state == _State.PUBLISHED and version.valid_from > at:
            return pill("later", "begins later", "info")
        if version.state == _State.PUBLISHED and not version.is_open(at):
            return pill("over", "over")
        levels = {_State.DRAFT: "warning", _State.PUBLISHED: "good", _State.STOPPED: "bad"}
        return pill(version.state, version.get_state_display(), levels.get(_State(version.state), "plain"))

    @admin.display(description="taken")
    def taken(self, version: OfferVersion) -> int:
        """How often."""
        return getattr(version, "times_taken", 0)

    @staff_action(
        title="Ask to publish",
        permission=DRAFT_PERMISSION,
        description="A colleague has to agree. The law of every jurisdiction is asked now and again then.",
        icon="send",
        applies=_is(_State.DRAFT),
    )
    def ask_to_publish(self, request: HttpRequest, obj: OfferVersion, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        return ask_colleague(request, PUBLISH_OFFER, {"version": obj.pk}, reason=data["reason"])

    @staff_action(
        title="Draft new terms",
        permission=DRAFT_PERMISSION,
        form=TermsForm,
        description="They replace these once a colleague has published them. Bonuses taken before keep their terms.",
        icon="edit_document",
    )
    def draft_next(self, request: HttpRequest, obj: OfferVersion, data: dict[str, Any]) -> str:
        """Write the next version."""
        made = draft_version(
            brand_id=obj.offer.brand_id, code=obj.offer.code, name=obj.offer.name, terms=data["terms"],
            valid_from=data["valid_from"], valid_to=data["valid_to"], actor=staff_of(request), now=now(),
        )  # fmt: skip
        return f"Version {made.number} is drafted. It is offered to nobody until a colleague publishes it."

    @staff_action(
        title="Give a player this bonus",
        permission=GIVE_PERMISSION,
        form=GiveForm,
        description="Whoever the offer is made for. A colleague has to agree; then the player decides.",
        icon="redeem",
        applies=lambda version: version.is_open(now()),
    )
    def give(self, request: HttpRequest, obj: OfferVersion, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        money, player = data["money"], data["player"]
        payload = {"player": player.pk, "version": obj.pk, "units": money.units, "currency": money.currency}
        return ask_colleague(request, GIVE_BONUS, payload, reason=data["reason"], about=player.pk)

    @staff_action(
        title="Stop",
        permission=STOP_PERMISSION,
        description="At once, and for good. Bonuses that players have, or that wait for them, stay theirs.",
        danger=True,
        icon="block",
        applies=_is(_State.PUBLISHED),
    )
    def stop(self, request: HttpRequest, obj: OfferVersion, data: dict[str, Any]) -> str:
        """Close the offer."""
        stop_offer(version_id=obj.pk, actor=staff_of(request), now=now())
        return "Nobody can take it any more."

    @staff_action(
        title="Discard", permission=DRAFT_PERMISSION, form=ReasonForm, icon="delete", applies=_is(_State.DRAFT)
    )
    def discard(self, request: HttpRequest, obj: OfferVersion, data: dict[str, Any]) -> str:
        """Put the draft away."""
        discard_draft(version_id=obj.pk, actor=staff_of(request))
        return "Discarded. It stays readable here."

    def new_page(self, request: HttpRequest) -> HttpResponse:
        """A form for an offer that does not exist yet."""
        if not request.user.has_perm(DRAFT_PERMISSION):
            raise PermissionDenied
        scope = brand_scope(request.user)
        brands = Brand.objects.all() if scope is None else Brand.objects.filter(pk__in=scope.ids)
        form = NewOfferForm(request.POST or None, brands=brands)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            try:
                made = draft_version(
                    brand_id=data["brand"].pk, code=data["code"], name=data["name"], terms=data["terms"],
                    valid_from=data["valid_from"], valid_to=data["valid_to"], actor=staff_of(request), now=now(),
                )  # fmt: skip
            except DomainError as refusal:
                form.add_error(None, refusal.detail or refusal.title)
            else:
                messages.success(request, "Drafted. It is offered to nobody until a colleague publishes it.")
                return HttpResponseRedirect(self.page_of(made))
        context = {
            **self.admin_site.each_context(request),
            "title": "New offer",
            "opts": self.opts,
            "form": form,
            "back_url": reverse("admin:bonuses_offerversion_changelist"),
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "staff/bonuses/new_offer.html", context, status=status)
