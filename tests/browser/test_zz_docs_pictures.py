import subprocess, sys, time
import pytest
from playwright.sync_api import expect
from apps.sandbox.models import SimulatorControl
from apps.transactions.models import Transaction
from apps.transactions.books import record_check
from apps.core import clock
from tests.harness.databases import PROJECT_DIR
pytestmark = pytest.mark.browser

def test_pictures(staff, site, platform, tmp_path_factory):
    with platform.in_database():
        control = SimulatorControl.current()
        SimulatorControl.objects.filter(pk=control.pk).update(rounds_per_second=3)
    argv = [sys.executable, "manage.py", "run_simulator", "--demo-file", str(tmp_path_factory.getbasetemp() / "demo.json")]
    process = subprocess.Popen(argv, env=platform.environment, cwd=PROJECT_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(420)
        page = staff("auditor", width=1280, height=800)
        page.goto("/admin/")
        expect(page.locator("#home")).to_have_attribute("data-ready", "1")
        page.screenshot(path="/tmp/shots/docs-home.png", clip={"x":0,"y":0,"width":1280,"height":960}, full_page=True)
        with platform.in_database():
            win = None
            for each in Transaction.objects.filter(kind="win").order_by("-id")[:200]:
                from apps.transactions.models import Transfer
                if Transfer.objects.filter(transaction_id=each.pk).exists():
                    win = each
                    break
            record_check(full=True, now=clock.now())
        page.goto(f"/admin/trace/?id={win.external_id}")
        page.screenshot(path="/tmp/shots/docs-trace.png", clip={"x":0,"y":0,"width":1280,"height":1200}, full_page=True)
        page.goto("/admin/books/")
        page.screenshot(path="/tmp/shots/docs-books.png", full_page=True)
        page.goto("/admin/integrations/exchange/?outcome=reference_missing")
        page.screenshot(path="/tmp/shots/docs-exchanges.png")
        page.goto("/admin/providers/round/")
        page.screenshot(path="/tmp/shots/docs-rounds.png")
    finally:
        process.terminate(); process.wait()
