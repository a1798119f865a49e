"""What staff decide about differences between lists and the catalogue, and what they plan and record by hand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from apps.brands.models import Brand, Jurisdiction
from apps.core.errors import DomainError
from apps.providers.catalogue import require_right, save_with_history
from apps.providers.catalogue_diff import RTP, RTP_IN_PLAY, current_value
from apps.providers.catalogue_entries import enter_game, set_brand_game, set_field, tell_change
from apps.providers.catalogue_models import CatalogueChange
from apps.providers.catalogue_sync import PERMISSION
from apps.providers.models import Game, GameCertificate, RtpVariant

_Kind, _State = CatalogueChange.Kind, CatalogueChange.State

SAFE_FIELDS = ("title", "category", "features", "volatility", "thumbnail_url")
SAFE = Q(kind=_Kind.ADDED) | Q(kind=_Kind.CHANGED, field__in=SAFE_FIELDS)
"""What may be decided by the dozen: a game that comes in switched off, and words and pictures."""
MOST_AT_ONCE = 200


class UnableToDecide(DomainError):
    """Somebody was faster, the catalogue has changed since, or the change is not one of those decided together."""

    code = "unable-to-decide-change"
    title = "The change cannot be decided"
    status = 409


class CertificateUnusable(DomainError):
    """A certificate ends after it begins, and its variant is one of the game's."""

    code = "certificate-unusable"
    title = "The certificate cannot be recorded"
    status = 422


class VariantUnknown(DomainError):
    """The return to player is none of the game's variants."""

    code = "variant-unknown"
    title = "No such variant"
    status = 422


@dataclass(frozen=True, slots=True)
class Decided:
    """How many changes were decided together, and why others were not."""

    done: int
    left: tuple[str, ...]


@transaction.atomic
def decide_change(*, change_id: int, accept: bool, reason: str, actor: User, now: datetime) -> CatalogueChange:
    """
    Take a change into the catalogue, or leave the catalogue as it is. A game that comes in is off.

    :raises PermissionDenied: if the actor may not decide
    :raises ReasonRequired: if the reason is empty or too long
    :raises UnableToDecide: if it does not wait any more, or the catalogue is no longer as it was compared
    """
    require_right(actor, reason, PERMISSION)
    return _decide(change_id, accept=accept, reason=reason.strip(), actor=actor, now=now)


def decide_changes(*, change_ids: Collection[int], accept: bool, reason: str, actor: User, now: datetime) -> Decided:
    """
    Decide several changes of the safe kinds, each by itself; one that can not be decided does not stop the others.

    :raises PermissionDenied: if the actor may not decide
    :raises ReasonRequired: if the reason is empty or too long
    """
    require_right(actor, reason, PERMISSION)
    ids = sorted(set(change_ids))[:MOST_AT_ONCE]
    safe = set(CatalogueChange.objects.filter(SAFE, pk__in=ids).values_list("pk", flat=True))
    done, left = 0, [f"{pk}: not one of those decided together" for pk in ids if pk not in safe]
    for pk in sorted(safe):
        try:
            with transaction.atomic():
                _decide(pk, accept=accept, reason=reason.strip(), actor=actor, now=now)
            done += 1
        except UnableToDecide as refusal:
            left.append(f"{pk}: {refusal.detail}")
    return Decided(done, tuple(left))


@transaction.atomic
def plan_withdrawal(*, game_id: int, on: date | None, reason: str, actor: User, now: datetime) -> Game:
    """
    Say from which day on (where the player belongs) a game is no longer launched; None takes the plan back.

    :raises PermissionDenied: if the actor may not decide
    :raises ReasonRequired: if the reason is empty or too long
    """
    require_right(actor, reason, PERMISSION)
    game = Game.objects.select_for_update(no_key=True).get(pk=game_id)
    if game.withdrawn_on != on:
        game.withdrawn_on = on
        save_with_history(game, ["withdrawn_on"], reason=reason, actor=actor, now=now)
    return game


@transaction.atomic
def choose_variant(*, brand_id: int, game_id: int, variant_id: int, reason: str, actor: User, now: datetime) -> None:
    """
    Have one brand play another return to player, from the next launch on. Certificates are asked for there.

    :raises PermissionDenied: if the actor may not decide
    :raises ReasonRequired: if the reason is empty or too long
    :raises VariantUnknown: if the variant is another game's
    """
    require_right(actor, reason, PERMISSION)
    brand = Brand.objects.select_for_update(no_key=True).get(pk=brand_id)
    game = Game.objects.get(pk=game_id)
    variant = RtpVariant.objects.filter(pk=variant_id, game=game).first()
    if variant is None:
        raise VariantUnknown
    set_brand_game(brand, game, {"variant": variant}, reason=reason, actor=actor, now=now)


@transaction.atomic
def record_certificate(
    *,
    game_id: int,
    variant_id: int | None,
    jurisdiction: str,
    laboratory: str,
    reference: str,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    actor: User,
) -> GameCertificate:
    """
    Record a laboratory's certificate, a successor too: an older one stays.

    :raises PermissionDenied: if the actor may not decide
    :raises ReasonRequired: if the reason is empty or too long
    :raises CertificateUnusable: if it ends before it begins, or its variant is another game's
    """
    require_right(actor, reason, PERMISSION)
    if valid_to is not None and valid_to < valid_from:
        raise CertificateUnusable("It ends before it begins.")
    if variant_id is not None and not RtpVariant.objects.filter(pk=variant_id, game_id=game_id).exists():
        raise CertificateUnusable("The variant is another game's.")
    return GameCertificate.objects.create(
        game_id=game_id,
        variant_id=variant_id,
        jurisdiction=Jurisdiction.objects.get(code=jurisdiction),
        laboratory=laboratory,
        reference=reference,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _decide(change_id: int, *, accept: bool, reason: str, actor: User, now: datetime) -> CatalogueChange:
    """The brand first, then the game, then the change: the order of every operation on them."""
    peek = CatalogueChange.objects.select_related("integration").get(pk=change_id)
    brand = Brand.objects.select_for_update(no_key=True).get(code=peek.integration.brand_code)
    game = None
    if peek.game_id is not None:
        game = Game.objects.select_for_update(of=("self",), no_key=True).select_related("studio").get(pk=peek.game_id)
    rows = CatalogueChange.objects.select_for_update(of=("self",)).select_related("integration", "brand")
    change = rows.get(pk=change_id)
    if change.state != _State.PROPOSED:
        raise UnableToDecide(f"It is {change.get_state_display().lower()} already.")
    if accept:
        _take(change, game, brand, reason=reason, actor=actor, now=now)
        change.accept(by=actor, at=now, reason=reason)
    else:
        change.ignore(by=actor, at=now, reason=reason)
    change.save(update_fields=["state", "decided_by", "decided_at", "reason", "game"])
    if accept:
        tell_change(change, now=now)
    return change


def _take(change: CatalogueChange, game: Game | None, brand: Brand, *, reason: str, actor: User, now: datetime) -> None:
    terms: dict[str, Any] = {"reason": reason, "actor": actor, "now": now}
    if change.kind == _Kind.ADDED:
        change.game = enter_game(change, **terms)
        return
    if game is None:
        raise UnableToDecide("The game is not in the catalogue.")
    _require_unchanged(change, game)
    if change.kind == _Kind.RETURNED:
        _bring_back(change, game, brand, **terms)
    else:
        set_field(game, change.field, change.after, brand=brand, **terms)


def _require_unchanged(change: CatalogueChange, game: Game) -> None:
    """
    Do not overwrite what somebody has changed after the comparison.

    :raises UnableToDecide: if the catalogue has something else by now
    """
    if change.kind != _Kind.CHANGED or change.field in (RTP, RTP_IN_PLAY):
        return
    now_there = game.studio.name if change.field == "studio" else current_value(game, change.field)
    if now_there != change.before:
        raise UnableToDecide("The catalogue has changed since the comparison. Fetch the list anew.")


def _bring_back(change: CatalogueChange, game: Game, brand: Brand, *, reason: str, actor: User, now: datetime) -> None:
    """Undo what a list took away; the game's own switch stays as it is."""
    if change.brand_id is not None:
        set_brand_game(brand, game, {"is_enabled": True}, reason=reason, actor=actor, now=now)
        return
    game.withdrawn_on = None
    save_with_history(game, ["withdrawn_on"], reason=reason, actor=actor, now=now)
