"""
Fetching a vendor's game list and comparing it with the catalogue. Staff's decisions are in `catalogue_changes`.

Claim, commit, ask the vendor, compare and record in one transaction: whatever dies in between leaves a run that the
sweeper fails, and a catalogue as it was. See decision 51 for what takes effect at once.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.integrations.connections import connection
from apps.integrations.models import Integration
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.integrations.outbox import record_fact
from apps.integrations.watch.incidents import judge
from apps.integrations.watch.models import Incident
from apps.integrations.watch.rules import Finding
from apps.providers.catalogue import require_right
from apps.providers.catalogue_compare import compare
from apps.providers.catalogue_models import CatalogueSync
from apps.providers.list_contract import GameList, ListError
from apps.providers.list_registry import lister_of
from apps.providers.models import Game

log = structlog.get_logger(__name__)

PERMISSION = "providers.synchronise_catalogue"
STALE_AFTER = timedelta(minutes=15)
"""Longer than any list takes: who has not ended by then has died."""
LOST_AFTER = timedelta(minutes=1)
ALERT = "catalogue-list"
_MOST_LOST_SHARE = 0.2
# One game always may go, however short the list was.
_MOST_LOST_OF_FEW = 1
_NOTED = ("games", "unread", "unread_entries", "digest", "exchange_id")
# What staff need to see what is wrong; the whole answer is in the exchange log.
_ENTRIES_KEPT = 50
_LONGEST_ENTRY = 2000


class SyncUnderWay(DomainError):
    """The integration's list is being fetched already."""

    code = "catalogue-sync-under-way"
    title = "A synchronisation is under way"
    status = 409


class NoGameList(DomainError):
    """The vendor's protocol has no list of games."""

    code = "no-game-list"
    title = "The vendor has no game list"
    status = 422


class _Implausible(Exception):
    """The list can not be true. The text is for staff."""


def request_sync(
    *, integration_id: int, actor: User | None, now: datetime, may_be_short: bool = False, reason: str = ""
) -> CatalogueSync:
    """
    Have a list fetched as soon as a worker is free.

    :param actor: None for the daily round
    :param may_be_short: take the list although many games are missing; staff say why
    :raises PermissionDenied: if the actor may not synchronise
    :raises ReasonRequired: without a reason for a list that may be short
    :raises NoGameList: if there is no lister for the vendor
    :raises SyncUnderWay: if one waits or runs
    """
    if actor is not None:
        require_right(actor, reason if may_be_short else "-", PERMISSION)
    integration = Integration.objects.get(pk=integration_id, kind=Integration.Kind.GAMES)
    if lister_of(integration.vendor) is None:
        raise NoGameList(f"{integration.vendor} describes no list of games.")
    sync = CatalogueSync(
        integration=integration, requested_by=actor, requested_at=now, may_be_short=may_be_short, reason=reason.strip()
    )
    try:
        with transaction.atomic():
            sync.save()
            enqueue_on_commit("providers.synchronise_catalogue", sync_id=sync.pk)
    except IntegrityError:
        raise SyncUnderWay(f"The list of {integration.slug} is being fetched already.") from None
    return sync


def request_all(*, now: datetime) -> list[CatalogueSync]:
    """Have the list of every integration fetched that has one, is not off and is not at it."""
    rows = Integration.objects.filter(kind=Integration.Kind.GAMES).exclude(switch=Integration.Switch.OFF)
    busy = set(CatalogueSync.objects.filter(state__in=CatalogueSync.UNDER_WAY).values_list("integration_id", flat=True))
    requested = []
    for integration in rows.order_by("pk"):
        if integration.pk in busy or lister_of(integration.vendor) is None:
            continue
        try:
            requested.append(request_sync(integration_id=integration.pk, actor=None, now=now))
        except SyncUnderWay:
            log.info("providers.catalogue_sync_under_way", integration=integration.slug)
    return requested


def perform_sync(*, sync_id: int) -> CatalogueSync:
    """Fetch and compare; a run that somebody else has, or that has ended, is left alone."""
    sync = _claim(sync_id, now=clock.now())
    if sync is None:
        return CatalogueSync.objects.get(pk=sync_id)
    try:
        found = _fetch(sync.integration)
    except (ListError, VendorUnreachable, VendorTimeout, VendorSwitchedOff) as error:
        # A domain error's own text is in `detail`.
        return _end(sync_id, problem=getattr(error, "detail", "") or str(error), is_refusal=False)
    try:
        return _record(sync_id, found)
    except _Implausible as refusal:
        return _end(sync_id, problem=str(refusal), is_refusal=True, found=found)


def sweep(*, now: datetime) -> tuple[list[int], int]:
    """Return runs that no worker has taken, to be handed over anew, and fail those whose worker has died."""
    waiting = CatalogueSync.objects.filter(state=CatalogueSync.State.WAITING, requested_at__lt=now - LOST_AFTER)
    lost = list(waiting.order_by("pk").values_list("pk", flat=True)[:100])
    stale = CatalogueSync.objects.filter(state=CatalogueSync.State.RUNNING, started_at__lt=now - STALE_AFTER)
    dead = list(stale.values_list("pk", flat=True))
    for pk in dead:
        _end(pk, problem="The worker died before it had compared the list.", is_refusal=False)
    return lost, len(dead)


@transaction.atomic(durable=True)
def _claim(sync_id: int, *, now: datetime) -> CatalogueSync | None:
    sync = CatalogueSync.objects.select_for_update(of=("self",)).select_related("integration").get(pk=sync_id)
    if sync.state != CatalogueSync.State.WAITING:
        return None
    sync.start(at=now)
    sync.save(update_fields=["state", "started_at"])
    return sync


def _fetch(integration: Integration) -> GameList:
    known, lister = connection(integration.slug), lister_of(integration.vendor)
    if known is None or lister is None:
        raise ListError(f"{integration.slug} is no longer connected.")
    return lister.list_games(known)


@transaction.atomic
def _record(sync_id: int, found: GameList) -> CatalogueSync:
    """
    Compare and write everything down, or nothing.

    :raises _Implausible: if the list can not be true
    """
    now = clock.now()
    sync = CatalogueSync.objects.select_for_update(of=("self",)).select_related("integration").get(pk=sync_id)
    if sync.state != CatalogueSync.State.RUNNING:
        return sync  # the sweeper took us for dead
    before = _listed_before(sync)
    offered = {game.code for game in found.games if game.is_offered}
    _require_plausible(sync, found, offered, before)
    counts = compare(sync=sync, found=found, now=now)
    _note(sync, found)
    sync.proposed, sync.applied = counts.proposed, counts.applied
    # What could not be read counts as listed: no other list takes it away either.
    silent = {entry.code for entry in found.unread if entry.code}
    silent |= before - set(found.codes) if found.hides_codes else set()
    sync.listed_codes = sorted(offered | silent)
    sync.finish(at=now)
    sync.save(update_fields=[*_NOTED, "state", "ended_at", "proposed", "applied", "listed_codes"])
    earlier = CatalogueSync.objects.filter(integration=sync.integration, pk__lt=sync.pk).exclude(listed_codes=[])
    earlier.update(listed_codes=[])
    integration = sync.integration
    record_fact(
        kind="games.catalogue.synchronised",
        brand_code=integration.brand_code,
        subject=str(sync.pk),
        data={"integration": integration.slug, "games": sync.games, "proposed": sync.proposed, "applied": sync.applied},
        now=now,
    )
    judge(integration, ALERT, _unread_finding(sync, found), clock.real_now())
    return sync


def _unread_finding(sync: CatalogueSync, found: GameList) -> Finding | None:
    """What staff should hear of a list that was taken without some of its entries; None if all were read."""
    if not found.unread:
        return None
    first = found.unread[0]
    words = f"{len(found.unread)} of {sync.games + sync.unread} games on the list could not be read"
    hidden = " Nothing is withdrawn while a game hides its code." if found.hides_codes else ""
    told = f"{words}; the first: {first.code or 'without a code'}, {first.problem}"[: 300 - len(hidden) - 1]
    return Finding(Incident.Severity.WARNING, f"{told}.{hidden}", {"run": sync.pk, "exchange": str(found.exchange_id)})


def _require_plausible(sync: CatalogueSync, found: GameList, offered: Collection[str], before: set[str]) -> None:
    """
    Refuse what no vendor means to say, as a whole. A game that could not be read counts as missing here.

    :raises _Implausible: if nothing is on the list or readable, it names a game twice, or lacks suspiciously many
    """
    if not offered and found.unread:
        raise _Implausible(f"No game on the list can be read: {found.unread[0].problem}"[:300])
    if not offered:
        raise _Implausible("The list is empty: the vendor would have withdrawn every game.")
    twice = [code for code, count in Counter(found.codes).items() if count > 1]
    if twice:
        raise _Implausible(f"The list names {len(twice)} games more than once, {twice[0]!r} among them.")
    lost = len(before.difference(offered))
    if lost > max(_MOST_LOST_OF_FEW, _MOST_LOST_SHARE * len(before)) and not sync.may_be_short:
        unread = f" {len(found.unread)} entries could not be read." if found.unread else ""
        raise _Implausible(f"The list lacks {lost} of {len(before)} games, more than 20 % of them.{unread}")


def _listed_before(sync: CatalogueSync) -> set[str]:
    """What the integration listed the last time, or else what the catalogue has of the vendor."""
    done = CatalogueSync.objects.filter(integration=sync.integration, state=CatalogueSync.State.DONE)
    last = done.values_list("listed_codes", flat=True).first()
    if last is not None:
        return set(last)
    known = Game.objects.filter(vendor=sync.integration.vendor, withdrawn_on=None).exclude(platforms=[])
    return set(known.values_list("code", flat=True))


@transaction.atomic
def _end(sync_id: int, *, problem: str, is_refusal: bool, found: GameList | None = None) -> CatalogueSync:
    """Write down why there is nothing to compare, and alert staff."""
    now = clock.now()
    sync = CatalogueSync.objects.select_for_update(of=("self",)).select_related("integration").get(pk=sync_id)
    if sync.state not in CatalogueSync.UNDER_WAY:
        return sync
    if found is not None:
        _note(sync, found)
    if is_refusal:
        sync.refuse(at=now, problem=problem)
    else:
        sync.fail(at=now, problem=problem)
    sync.save(update_fields=[*_NOTED, "state", "ended_at", "problem"])
    words = f"The game list was {'refused' if is_refusal else 'not to be had'}: {problem}"[:300]
    evidence: Mapping[str, object] = {"run": sync.pk, "exchange": str(sync.exchange_id or "")}
    judge(sync.integration, ALERT, Finding(Incident.Severity.WARNING, words, evidence), clock.real_now())
    log.warning("providers.catalogue_list_not_taken", integration=sync.integration.slug, problem=problem)
    return sync


def _note(sync: CatalogueSync, found: GameList) -> None:
    sync.games, sync.unread = len(found.games), len(found.unread)
    sync.unread_entries = [
        {"code": entry.code, "problem": entry.problem, "raw": entry.raw[:_LONGEST_ENTRY]}
        for entry in found.unread[:_ENTRIES_KEPT]
    ]
    sync.digest = hashlib.sha256(found.body).hexdigest()
    sync.exchange_id = found.exchange_id
