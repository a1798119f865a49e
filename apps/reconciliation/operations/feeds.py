"""Fetching what providers and banks offer by HTTP, and starting the nightly runs."""

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import structlog
from django.db.models import Q

from apps.core.errors import DomainError
from apps.integrations.connections import connection_by_id
from apps.integrations.models import Credential, Integration
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable, call_vendor
from apps.reconciliation.models import ColumnMapping, Import, LedgerLine, Run, Scope
from apps.reconciliation.operations.imports import FileKnown, receive_file
from apps.reconciliation.operations.runs import request_run

log = structlog.get_logger(__name__)

_OK, _NOTHING = 200, (204, 404)
_TIMEOUT_SECONDS = 60.0


def feeds_of(integration: Integration) -> list[Mapping[str, Any]]:
    """``options["reconciliation"]["feeds"]`` of an integration: a list of ``{"format", "path", "mapping"?}``."""
    settings = integration.options.get("reconciliation")
    feeds = settings.get("feeds") if isinstance(settings, Mapping) else None
    return [feed for feed in feeds or [] if isinstance(feed, Mapping) and feed.get("format") and feed.get("path")]


def fetch_reports(*, day: date, now: datetime) -> tuple[list[Import], list[str]]:
    """
    Fetch every feed's file of a day; what is known already, or not there yet, is passed over.

    A vendor that is away does not keep the others' files from coming. Must not run inside a transaction.

    :return: what came, and the slugs of those that were away and should be asked again
    """
    fetched, away = [], []
    for integration in Integration.objects.filter(options__has_key="reconciliation").order_by("slug"):
        for feed in feeds_of(integration):
            try:
                made = fetch_report(integration=integration, feed=feed, day=day, now=now)
            except VendorSwitchedOff:
                continue
            except (VendorUnreachable, VendorTimeout) as error:
                away.append(integration.slug)
                log.warning(
                    "reconciliation_feed_away", integration=integration.slug, path=feed["path"], error=str(error)
                )
            except FileKnown:
                continue
            except DomainError as error:
                log.warning(
                    "reconciliation_feed_refused", integration=integration.slug, error=error.detail or error.title
                )
            else:
                fetched += [made] if made else []
    return fetched, away


def fetch_report(*, integration: Integration, feed: Mapping[str, Any], day: date, now: datetime) -> Import | None:
    """
    Fetch one feed's file of a day; None if there is none.

    :param feed: `path` may name the day as ``{day}``; `token` in the header is the integration's API key, if it has one
    :raises FileKnown: if its bytes were imported before
    :raises DomainError: if the vendor could not be reached or answered oddly
    """
    connection = connection_by_id(integration.pk)
    if connection is None:
        return None
    path = str(feed["path"]).replace("{day}", day.isoformat())
    keys = connection.keys_for(Credential.Purpose.API_ACCESS, "reports")
    headers = {"Authorization": f"Bearer {keys[0].secret.decode()}"} if keys else {}
    answer = call_vendor(
        connection=connection,
        verb="report",
        method="GET",
        path=path,
        body=b"",
        headers=headers,
        timeout_seconds=_TIMEOUT_SECONDS,
        refs=(f"report:{integration.slug}:{day}",),
        signed_by=keys[0].kid if keys else "",
    )
    if answer.status in _NOTHING or not answer.body:
        return None
    if answer.status != _OK:
        raise VendorTimeout(f"{integration.slug} answered {answer.status} for its report")
    mapping = None
    if feed.get("mapping"):
        mapping = ColumnMapping.objects.filter(integration=integration, name=feed["mapping"]).first()
    return receive_file(
        name=f"{integration.slug}-{feed['format']}-{day}.{'xml' if feed['format'] == 'camt053' else 'csv'}",
        content=io.BytesIO(answer.body),
        file_format=str(feed["format"]),
        integration=integration,
        mapping=mapping,
        business_date=day,
        media_type=answer.headers.get("content-type", "text/csv"),
        now=now,
    )


def request_runs(*, day: date, now: datetime) -> list[Run]:
    """Queue a run as of a day for our own books and for every provider that has moved money or sent a file."""
    runs = [request_run(scope=Scope.INTERNAL, day=day, now=now)]
    with_lines = set(LedgerLine.objects.values_list("integration_id", flat=True).distinct())
    with_files = set(Import.objects.values_list("integration_id", flat=True).distinct())
    configured = Integration.objects.filter(Q(options__has_key="reconciliation") | Q(pk__in=with_lines | with_files))
    for integration in configured.order_by("slug"):
        if integration.vendor == BANK_VENDOR or integration.kind == Integration.Kind.IDENTITY:
            continue
        scope = Scope.GAMES if integration.kind == Integration.Kind.GAMES else Scope.PSP
        runs.append(request_run(scope=scope, integration=integration, day=day, now=now))
    return runs


BANK_VENDOR = "bank"
"""A connection of this vendor only brings statements; nothing is paid through it."""
