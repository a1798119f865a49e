"""Pages of the catalogue and of game sessions. Rounds have their page in the back-office, which sees every app."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin_actions import staff_action, staff_of
from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.admin_display import NOTHING, amount_text, pill
from apps.core.clock import now
from apps.providers.admin_forms import (
    BrandSwitchForm,
    CertificateForm,
    SwitchForm,
    VariantForm,
    WithdrawalForm,
)
from apps.providers.catalogue import switch_brand_game, switch_game, switch_studio
from apps.providers.catalogue_changes import choose_variant, plan_withdrawal, record_certificate
from apps.providers.catalogue_page import CatalogueChangeAdmin, CatalogueSyncAdmin
from apps.providers.catalogue_sync import PERMISSION as _CATALOGUE
from apps.providers.models import BrandGame, Game, GameCertificate, GameSession, RtpVariant, Studio
from apps.providers.round_queries import RoundTotals, totals_by_session
from apps.providers.thumbnails import tile

# Importing them registers them.
__all__ = ["CatalogueChangeAdmin", "CatalogueSyncAdmin"]

_SWITCH = "providers.switch_game"
_CERTIFICATE_WARNING = timedelta(days=60)


@admin.register(Game)
class GameAdmin(StaffAdmin):
    """A game as one vendor delivers it."""

    staff_actions = (
        "enable", "disable", "set_for_brand", "choose_rtp", "certify", "plan_end",
    )  # fmt: skip
    change_form_template = "staff/game.html"
    list_display = ("picture", "title", "studio", "vendor", "category", "state", "certificate_needed", "code")
    list_display_links = ("title",)
    list_filter = ("is_enabled", "vendor", "category", "needs_certificate", "studio")
    list_select_related = ("studio",)
    search_fields = ("title", "code", "public_code", "studio__name")
    fields = (
        ("title", "studio"), ("vendor", "code"), ("public_code", "category"), "state", "platforms", "currencies",
        "features", "blocked_countries", ("has_demo", "has_free_rounds"), "needs_certificate", "certifications",
        ("released_on", "withdrawn_on"),
    )  # fmt: skip
    readonly_fields = ("state",)
    empty_hint = "The catalogue is empty. Games come with a vendor's list, and are enabled here one by one."

    @admin.display(description="")
    def picture(self, game: Game) -> SafeString:
        """What it looks like."""
        return tile(game.title, game.thumbnail_url)

    @admin.display(description="state", ordering="is_enabled")
    def state(self, game: Game) -> str:
        """Whether it may be played."""
        return pill("enabled") if game.is_enabled else pill("disabled")

    @admin.display(description="certificate", ordering="needs_certificate")
    def certificate_needed(self, game: Game) -> str:
        """Whether launch needs one."""
        return "needed" if game.needs_certificate else NOTHING

    def page_context(self, request: HttpRequest, obj: Game) -> dict[str, Any]:
        """Variants, certificates and the brands' own words."""
        certificates = obj.certificates.select_related("variant", "jurisdiction")
        settings = obj.brand_settings.select_related("brand", "variant")
        scope = brand_scope(request.user)
        own = list(settings if scope is None else settings.filter(brand_id__in=scope.ids))
        return {
            "tile": tile(obj.title, obj.thumbnail_url),
            "variants": variants_in_play(list(obj.rtp_variants.all()), own),
            "certificates": [(certificate, certificate_state(certificate)) for certificate in certificates],
            "brand_settings": own,
        }

    @staff_action(
        title="Enable",
        permission=_SWITCH,
        form=SwitchForm,
        description="Every brand may offer it at once, where its certificates and countries allow.",
        icon="play_circle",
        applies=lambda game: not game.is_enabled,
    )
    def enable(self, request: HttpRequest, obj: Game, data: dict[str, Any]) -> str:
        """Let it be played."""
        switch_game(game_id=obj.pk, enabled=True, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.title} may be played."

    @staff_action(
        title="Disable",
        permission=_SWITCH,
        form=SwitchForm,
        description="At every brand, with the next bet. Wins and rollbacks of bets already placed still pass.",
        danger=True,
        icon="block",
        applies=lambda game: game.is_enabled,
    )
    def disable(self, request: HttpRequest, obj: Game, data: dict[str, Any]) -> str:
        """Stop launches and bets."""
        switch_game(game_id=obj.pk, enabled=False, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.title} is disabled."

    @staff_action(title="Set for a brand", permission=_SWITCH, form=BrandSwitchForm, icon="storefront")
    def set_for_brand(self, request: HttpRequest, obj: Game, data: dict[str, Any]) -> str:
        """Offer it at one brand or not."""
        switch_brand_game(
            brand_id=data["brand"].pk,
            game_id=obj.pk,
            enabled=data["enabled"],
            reason=data["reason"],
            actor=staff_of(request),
            now=now(),
        )
        return f"{data['brand']}: {obj.title} is {'' if data['enabled'] else 'not '}offered."

    @staff_action(
        title="Choose return to player",
        permission=_CATALOGUE,
        form=VariantForm,
        description="At one brand, from the next launch on. Where certificates are needed, that variant needs one.",
        icon="percent",
    )
    def choose_rtp(self, request: HttpRequest, obj: Game, data: dict[str, Any]) -> str:
        """Let a brand play another variant."""
        choose_variant(
            brand_id=data["brand"].pk, game_id=obj.pk, variant_id=data["variant"].pk, reason=data["reason"],
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        return f"{data['brand']} plays {data['variant']} from the next launch on."

    @staff_action(
        title="Record a certificate",
        permission=_CATALOGUE,
        form=CertificateForm,
        description="A successor, too: the older one stays on record.",
        icon="verified",
    )
    def certify(self, request: HttpRequest, obj: Game, data: dict[str, Any]) -> str:
        """Keep what a laboratory has certified."""
        variant = data["variant"]
        record_certificate(
            game_id=obj.pk, variant_id=variant.pk if variant else None, jurisdiction=data["jurisdiction"].pk,
            laboratory=data["laboratory"], reference=data["reference"], valid_from=data["valid_from"],
            valid_to=data["valid_to"], reason=data["reason"], actor=staff_of(request),
        )  # fmt: skip
        return f"{obj.title} is certified in {data['jurisdiction']}."

    @staff_action(
        title="Plan its withdrawal",
        permission=_CATALOGUE,
        form=WithdrawalForm,
        description="From that day on, where the player is, it is launched no more. Sessions that run may end.",
        icon="event_busy",
    )
    def plan_end(self, request: HttpRequest, obj: Game, data: dict[str, Any]) -> str:
        """Put a last day into the calendar, or take it out."""
        day = data["day"]
        plan_withdrawal(game_id=obj.pk, on=day, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.title} is withdrawn on {day}." if day else f"{obj.title} is not withdrawn."


@admin.register(Studio)
class StudioAdmin(StaffAdmin):
    """Who makes games."""

    staff_actions = ("enable", "disable")
    list_display = ("name", "code", "state", "blocked_countries")
    list_filter = ("is_enabled",)
    search_fields = ("name", "code")
    change_form_template = "staff/catalogue/studio.html"
    fields = ("name", "code", "state", "blocked_countries")
    readonly_fields = ("state",)

    @admin.display(description="state", ordering="is_enabled")
    def state(self, studio: Studio) -> str:
        """Whether its games may be played."""
        return pill("enabled") if studio.is_enabled else pill("disabled")

    @staff_action(
        title="Enable", permission=_SWITCH, form=SwitchForm, icon="play_circle", applies=lambda one: not one.is_enabled
    )
    def enable(self, request: HttpRequest, obj: Studio, data: dict[str, Any]) -> str:
        """Let its games be played, each as its own switch says."""
        switch_studio(studio_id=obj.pk, enabled=True, reason=data["reason"], actor=staff_of(request), now=now())
        return f"Games of {obj.name} may be played."

    @staff_action(
        title="Disable",
        permission=_SWITCH,
        form=SwitchForm,
        description="All its games, at every brand, with the next bet.",
        danger=True,
        icon="block",
        applies=lambda one: one.is_enabled,
    )
    def disable(self, request: HttpRequest, obj: Studio, data: dict[str, Any]) -> str:
        """Stop all its games."""
        switch_studio(studio_id=obj.pk, enabled=False, reason=data["reason"], actor=staff_of(request), now=now())
        return f"All games of {obj.name} are disabled."


def variants_in_play(
    variants: Iterable[RtpVariant], settings: Iterable[BrandGame]
) -> list[tuple[RtpVariant, list[str]]]:
    """Each variant with the brands that have chosen it; the default is played by all others."""
    chosen: dict[int, list[str]] = {}
    for setting in settings:
        if setting.variant_id is not None:
            chosen.setdefault(setting.variant_id, []).append(setting.brand.name)
    return [(each, chosen.get(each.pk, [])) for each in variants]


def certificate_state(certificate: GameCertificate) -> str:
    """Say whether a certificate lets its game be played today."""
    today = now().date()
    if certificate.valid_from > today:
        return "not yet valid"
    if certificate.valid_to is None or certificate.valid_to > today + _CERTIFICATE_WARNING:
        return "valid"
    return "expiring" if certificate.valid_to >= today else "expired"


@admin.register(GameCertificate)
class GameCertificateAdmin(StaffAdmin):
    """What lets a game be played in a jurisdiction."""

    list_display = ("game", "jurisdiction", "variant", "laboratory", "reference", "valid_from", "valid_to", "state")
    list_filter = ("jurisdiction", "laboratory")
    list_select_related = ("game", "jurisdiction", "variant")
    search_fields = ("game__title", "reference")
    ordering = ("valid_to", "pk")
    empty_hint = "No certificate is on record: games that need one can not be launched."

    @admin.display(description="state")
    def state(self, certificate: GameCertificate) -> str:
        """Whether it counts today."""
        return pill(certificate_state(certificate))


@admin.register(BrandGame)
class BrandGameAdmin(StaffAdmin):
    """A brand's own word on a game."""

    brand_lookup = "brand_id"
    list_display = ("brand", "game", "is_enabled", "position", "category", "variant")
    list_filter = ("brand", "is_enabled")
    list_select_related = ("brand", "game", "variant")
    search_fields = ("game__title",)
    empty_hint = "Every brand offers the catalogue as it is. Exceptions are made on a game's page."


@admin.register(GameSession)
class GameSessionAdmin(StaffAdmin):
    """A player at a vendor's table: one launch."""

    big_table = True
    brand_lookup = "brand_id"
    list_display = (
        "created_at",
        "player",
        "game",
        "integration",
        "mode_shown",
        "currency",
        "platform",
        "until",
        "ended",
    )
    list_filter = ("mode", "integration", "brand")
    list_select_related = ("player", "game", "integration")
    search_fields = ("=public_id", "=player__username")
    sortable_by = ()
    fields = (
        ("public_id", "player"), ("game", "variant"), ("integration", "brand"), ("mode_shown", "platform"), "currency",
        "played", "remote_address", ("created_at", "expires_at"), ("ended_at", "end_reason"),
    )  # fmt: skip
    readonly_fields = ("mode_shown", "played", "public_id")
    empty_hint = "Nobody has launched a game yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[GameSession]:
        """What a page shows, in one query."""
        return super().get_queryset(request).select_related("player", "game", "integration", "brand", "variant")

    @admin.display(description="mode")
    def mode_shown(self, session: GameSession) -> str:
        """Real money or not."""
        return pill(session.mode)

    @admin.display(description="expires")
    def until(self, session: GameSession) -> Any:
        """No bets after that."""
        return session.expires_at

    @admin.display(description="ended")
    def ended(self, session: GameSession) -> str:
        """Why, if it is over."""
        return (session.end_reason or "ended") if session.ended_at else NOTHING

    @admin.display(description="play")
    def played(self, session: GameSession) -> str:
        """Sums of its rounds."""
        if session.player_id is None:
            return NOTHING
        totals = totals_by_session(session.player_id, [session.pk]).get(session.pk, RoundTotals())
        staked, won = amount_text(totals.staked, session.currency), amount_text(totals.won, session.currency)
        rounds = "1 round" if totals.rounds == 1 else f"{totals.rounds} rounds"
        return f"{rounds} ({totals.open_rounds} open): staked {staked}, won {won}"
