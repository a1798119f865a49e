"""One list against the catalogue: what is proposed, what takes effect at once, which proposals are overtaken."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from apps.brands.models import Brand
from apps.integrations.models import Integration
from apps.providers.catalogue import save_with_history
from apps.providers.catalogue_diff import Standing, differences, facts
from apps.providers.catalogue_entries import set_brand_game, set_field, tell_change
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.list_contract import GameList, ListedGame
from apps.providers.models import BrandGame, Game, RtpVariant

_Kind, _State = CatalogueChange.Kind, CatalogueChange.State
_Key = tuple[str, str, str]


@dataclass(slots=True)
class Counts:
    """What came of a comparison."""

    proposed: int = 0
    applied: int = 0


@dataclass(slots=True)
class _Comparison:
    """The run, what the catalogue has, and what was said before. The rows are locked by whoever made it."""

    sync: CatalogueSync
    brand: Brand
    now: datetime
    games: dict[str, Game]
    variants: dict[int, list[RtpVariant]]
    own_words: dict[int, BrandGame]
    latest: dict[_Key, CatalogueChange]
    moves: dict[tuple[int | None, int | None], str]
    """By game and brand (None: everywhere), whether lists took it away last, or staff took it back."""
    elsewhere: dict[str, bool]
    """Codes that other connections of the vendor list; True where one of them is the same brand's."""
    unknown: bool | None
    """The same for every other code: while a connection has never given its list, it may have any game."""
    seen: set[_Key] = field(default_factory=set)
    proposals: list[CatalogueChange] = field(default_factory=list)
    applied: int = 0

    @property
    def reason(self) -> str:
        return f"The vendor's game list, run {self.sync.pk}"


def compare(*, sync: CatalogueSync, found: GameList, now: datetime) -> Counts:
    """
    Record every difference once; the caller holds the run and has found the list plausible.

    Of a game whose entry could not be read nothing changes: neither is it withdrawn, nor what waits for it overtaken.
    """
    comparison = _begin(sync, now)
    for listed in found.games:
        known = comparison.games.get(listed.code)
        if not listed.is_offered:
            continue
        if known is None:
            _propose(comparison, listed.code, listed.title, _Kind.ADDED, after=facts(listed))
            continue
        _return(comparison, known)
        _change(comparison, known, listed)
    heard = {listed.code: listed.is_offered for listed in found.games}
    unheard, hides_codes = {entry.code for entry in found.unread}, found.hides_codes

    def is_silent(code: str) -> bool:
        """Whether the vendor may have said something of it that nobody could read."""
        return code in unheard or (hides_codes and code not in heard)

    for code, game in comparison.games.items():
        if not heard.get(code) and not is_silent(code):
            _withdraw(comparison, game)
    for key, change in comparison.latest.items():
        if change.state == _State.PROPOSED and key not in comparison.seen and not is_silent(change.code):
            change.overtake(at=now)
            change.save(update_fields=["state", "decided_at"])
    CatalogueChange.objects.bulk_create(comparison.proposals, batch_size=500)
    return Counts(len(comparison.proposals), comparison.applied)


def _begin(sync: CatalogueSync, now: datetime) -> _Comparison:
    """Lock the brand and the vendor's games, in this order, as every operation on them does."""
    integration = sync.integration
    brand = Brand.objects.select_for_update(no_key=True).get(code=integration.brand_code)
    # Without their keys, so that launches and registrations, which point at these rows, go on meanwhile.
    rows = Game.objects.select_for_update(of=("self",), no_key=True).select_related("studio")
    rows = rows.filter(vendor=integration.vendor)
    games = {game.code: game for game in rows.order_by("pk")}
    variants: dict[int, list[RtpVariant]] = {}
    for variant in RtpVariant.objects.filter(game__vendor=integration.vendor):
        variants.setdefault(variant.game_id, []).append(variant)
    words = BrandGame.objects.filter(brand=brand, game__vendor=integration.vendor)
    decided = (_State.PROPOSED, _State.IGNORED, _State.ACCEPTED)
    changes = CatalogueChange.objects.filter(integration=integration, state__in=decided)
    newest = changes.order_by("code", "kind", "field", "-pk").distinct("code", "kind", "field")
    latest = {(change.code, change.kind, change.field): change for change in newest}
    elsewhere, unknown = _elsewhere(integration)
    return _Comparison(
        sync=sync,
        brand=brand,
        now=now,
        games=games,
        variants=variants,
        own_words={each.game_id: each for each in words},
        latest=latest,
        moves=_moves(integration),
        elsewhere=elsewhere,
        unknown=unknown,
    )


def _moves(integration: Integration) -> dict[tuple[int | None, int | None], str]:
    rows = CatalogueChange.objects.filter(
        game__vendor=integration.vendor,
        kind__in=(_Kind.WITHDRAWN, _Kind.RETURNED),
        state__in=(_State.APPLIED, _State.ACCEPTED),
    )
    newest = rows.order_by("game_id", "brand_id", "-pk").distinct("game_id", "brand_id")
    return {(game, brand): kind for game, brand, kind in newest.values_list("game_id", "brand_id", "kind")}


def _elsewhere(integration: Integration) -> tuple[dict[str, bool], bool | None]:
    others = Integration.objects.filter(vendor=integration.vendor, kind=Integration.Kind.GAMES)
    others = others.exclude(Q(pk=integration.pk) | Q(switch=Integration.Switch.OFF))
    found: dict[str, bool] = {}
    unknown: bool | None = None
    for other in others:
        is_same_brand = other.brand_code == integration.brand_code
        last = other.catalogue_syncs.filter(state=CatalogueSync.State.DONE).first()
        if last is None:
            unknown = bool(unknown) or is_same_brand
        for code in last.listed_codes if last else ():
            found[code] = found.get(code, False) or is_same_brand
    return found, unknown


def _change(comparison: _Comparison, game: Game, listed: ListedGame) -> None:
    standing = _standing(comparison, game)
    for found in differences(standing, listed):
        if found.at_once:
            set_field(
                game, found.field, found.after,
                brand=comparison.brand, reason=comparison.reason, actor=None, now=comparison.now,
            )  # fmt: skip
            _apply(comparison, game, _Kind.CHANGED, found.field, found.before, found.after)
        else:
            _propose(
                comparison, game.code, game.title, _Kind.CHANGED,
                game=game, field=found.field, before=found.before, after=found.after,
            )  # fmt: skip


def _standing(comparison: _Comparison, game: Game) -> Standing:
    variants = comparison.variants.get(game.pk, [])
    word = comparison.own_words.get(game.pk)
    chosen = [one for one in variants if (one.pk == word.variant_id if word and word.variant_id else one.is_default)]
    in_play = chosen[0].rtp_basis_points if chosen else None
    return Standing(game, frozenset(one.rtp_basis_points for one in variants), in_play)


def _withdraw(comparison: _Comparison, game: Game) -> None:
    """Not on the list. Who gets it from elsewhere keeps it; a game without a platform is offered to nobody anyway."""
    today = comparison.now.date()
    if (game.withdrawn_on is not None and game.withdrawn_on <= today) or not game.platforms:
        return
    is_elsewhere = comparison.elsewhere.get(game.code, comparison.unknown)
    if is_elsewhere:  # the brand has another connection that lists it
        return
    terms: dict[str, Any] = {"reason": comparison.reason, "actor": None, "now": comparison.now}
    if is_elsewhere is None:
        before, game.withdrawn_on = game.withdrawn_on, today
        save_with_history(game, ["withdrawn_on"], **terms)
        _apply(comparison, game, _Kind.WITHDRAWN, "", before and before.isoformat(), today.isoformat())
        return
    word = comparison.own_words.get(game.pk)
    if word is None or word.is_enabled:
        set_brand_game(comparison.brand, game, {"is_enabled": False}, **terms)
        _apply(comparison, game, _Kind.WITHDRAWN, "", "offered", "not offered", brand=comparison.brand)


def _return(comparison: _Comparison, game: Game) -> None:
    """Listed again, after a list had taken it away. What staff have taken away is not the vendor's to give back."""
    word = comparison.own_words.get(game.pk)
    is_gone = game.withdrawn_on is not None and game.withdrawn_on <= comparison.now.date()
    is_off_here = word is not None and not word.is_enabled
    if not is_gone and not is_off_here:
        return
    if comparison.moves.get((game.pk, None if is_gone else comparison.brand.pk)) != _Kind.WITHDRAWN:
        return
    before = game.withdrawn_on.isoformat() if is_gone and game.withdrawn_on else "not offered"
    _propose(
        comparison, game.code, game.title, _Kind.RETURNED,
        game=game, before=before, after=None if is_gone else "offered", brand=None if is_gone else comparison.brand,
    )  # fmt: skip


def _propose(comparison: _Comparison, code: str, title: str, kind: str, **terms: Any) -> None:
    """Propose once: what waits with the same value waits on, and what staff have ignored stays ignored."""
    key = (code, kind, terms.get("field", ""))
    comparison.seen.add(key)
    last = comparison.latest.get(key)
    if last is not None:
        is_same = last.after == terms["after"]
        if last.state == _State.IGNORED and (is_same or kind == _Kind.ADDED):
            return
        if last.state == _State.PROPOSED:
            if is_same and last.before == terms.get("before"):
                return
            last.overtake(at=comparison.now)
            last.save(update_fields=["state", "decided_at"])
    comparison.proposals.append(_new(comparison, code, title, kind, **terms))


def _apply(
    comparison: _Comparison, game: Game, kind: str, name: str, before: Any, after: Any, *, brand: Brand | None = None
) -> None:
    change = _new(
        comparison, game.code, game.title, kind, game=game, field=name, before=before, after=after, brand=brand
    )
    change.reason = comparison.reason
    change.apply_at_once(at=comparison.now)
    change.save()
    tell_change(change, now=comparison.now)
    comparison.applied += 1


def _new(comparison: _Comparison, code: str, title: str, kind: str, **terms: Any) -> CatalogueChange:
    return CatalogueChange(
        sync=comparison.sync,
        integration=comparison.sync.integration,
        code=code,
        title=title[:160],
        kind=kind,
        found_at=comparison.now,
        **terms,
    )
