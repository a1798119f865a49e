"""Feeds: files fetched over HTTP, each once; a vendor that is away is asked again, and holds nobody up."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.reconciliation.models import Import, Run
from apps.reconciliation.operations import feeds
from tests.reconciliation.files import adyen_file, settled
from tests.reconciliation.scene import DAY, NOW, connect, days_later

pytestmark = pytest.mark.django_db(transaction=True)


class _Vendor(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """One file, for one day."""
        body = adyen_file([settled(1)]) if self.path == f"/reports?day={DAY}" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def vendor_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def offering(slug: str, base_url: str) -> Integration:
    found = connect(slug=slug, feeds=[{"format": "adyen_settlement", "path": "reports?day={day}"}])
    found.base_url = base_url
    found.save(update_fields=["base_url"])
    forget_connections()
    return found


def test_a_days_file_is_fetched_once(vendor_url: str) -> None:
    psp = offering("adyen", vendor_url)
    fetched, away = feeds.fetch_reports(day=DAY, now=NOW)
    assert [(each.integration, each.business_date, each.uploaded_by) for each in fetched] == [(psp, DAY, None)]
    assert away == []
    assert feeds.fetch_reports(day=DAY, now=NOW) == ([], [])
    assert feeds.fetch_reports(day=days_later(1), now=NOW) == ([], [])
    assert Import.objects.count() == 1


def test_one_vendor_away_does_not_keep_the_others_files_from_coming(vendor_url: str) -> None:
    offering("absent", "http://127.0.0.1:9")
    psp = offering("present", vendor_url)
    fetched, away = feeds.fetch_reports(day=DAY, now=NOW)
    assert [each.integration for each in fetched] == [psp]
    assert away == ["absent"]


def test_the_nightly_round_queues_each_run_once(vendor_url: str) -> None:
    offering("adyen", vendor_url)
    first, again = (feeds.request_runs(day=DAY, now=NOW) for _ in range(2))
    assert [run.pk for run in first] == [run.pk for run in again]
    assert [(run.scope, run.business_date) for run in Run.objects.order_by("pk")] == [("internal", DAY), ("psp", DAY)]
