"""Runs that fetch a list: one at a time, whatever dies or comes twice, and at what cost."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connections

from apps.core import clock
from apps.integrations.models import Integration
from apps.providers import catalogue_sync
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.catalogue_sync import SyncUnderWay, perform_sync, request_all, request_sync
from tests.harness.queries import captured_queries
from tests.providers.game_lists.listing import catalogued, connected, synchronise
from tests.providers.game_lists.vendor import ListVendor

pytestmark = pytest.mark.django_db

State = CatalogueSync.State


def test_two_runs_of_one_integration_are_impossible(vendor: ListVendor, caleta: Integration, manager: User) -> None:
    catalogued(vendor, "one")
    first = request_sync(integration_id=caleta.pk, actor=manager, now=clock.now())
    with pytest.raises(SyncUnderWay):
        request_sync(integration_id=caleta.pk, actor=manager, now=clock.now())
    assert request_all(now=clock.now()) == []
    with pytest.raises(PermissionDenied):
        request_sync(integration_id=caleta.pk, actor=User.objects.create_user("else"), now=clock.now())
    assert perform_sync(sync_id=first.pk).state == State.DONE
    assert perform_sync(sync_id=first.pk).state == State.DONE  # a second delivery of the task
    assert len(vendor.asked) == 1
    assert [each.integration for each in request_all(now=clock.now())] == [caleta]


def test_a_run_whose_worker_died_is_ended_and_changes_nothing_afterwards(
    vendor: ListVendor, caleta: Integration
) -> None:
    catalogued(vendor, "one")
    vendor.lists("fresh")
    sync = request_sync(integration_id=caleta.pk, actor=None, now=clock.now())
    later = clock.now() + timedelta(minutes=2)
    assert catalogue_sync.sweep(now=later) == ([sync.pk], 0)  # nobody has taken it: hand it over again
    claimed = catalogue_sync._claim(sync.pk, now=clock.now())
    assert claimed is not None
    found = catalogue_sync._fetch(claimed.integration)
    assert catalogue_sync.sweep(now=clock.now() + timedelta(minutes=16)) == ([], 1)
    assert catalogue_sync._record(sync.pk, found).state == State.FAILED
    assert not CatalogueChange.objects.exists()


def test_a_list_of_thousands_takes_a_handful_of_queries(vendor: ListVendor, caleta: Integration) -> None:
    catalogued(vendor, "one")
    for number in range(3000):
        vendor.lists(f"new-{number}")
    with captured_queries() as first:
        sync = synchronise(caleta)
    with captured_queries() as second:
        assert synchronise(caleta).proposed == 0
    assert (sync.state, sync.proposed) == (State.DONE, 3000)
    assert len(first) < 50
    assert len(second) < 45


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_run(served: tuple[str, ListVendor]) -> None:
    caleta = connected("caleta", served[0])
    barrier, outcomes = threading.Barrier(4), []

    def click() -> None:
        barrier.wait(10)
        try:
            request_sync(integration_id=caleta.pk, actor=None, now=clock.now())
            outcomes.append("made")
        except SyncUnderWay:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    assert CatalogueSync.objects.count() == 1
