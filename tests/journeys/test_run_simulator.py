"""`manage.py run_simulator` as the demo runs it: a process of its own, stopped by a signal."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from apps.sandbox.comparison import compare_with_ledger
from apps.sandbox.models import SimulatedRound, SimulatorControl
from apps.sandbox.traffic.figures import vendor_figures
from tests.harness.databases import PROJECT_DIR
from tests.journeys.conftest import Demo

_LONGEST_SECONDS = 90


def _idle() -> list[str]:
    """Vendors at whom no round was settled yet."""
    return [each.vendor for each in vendor_figures() if not each.settled]


def test_the_simulator_plays_until_it_is_told_to_stop(in_demo: Demo, tmp_path: Path) -> None:
    SimulatorControl.objects.update_or_create(pk=1, defaults={"rounds_per_second": 100, "is_running": True})
    demo_file = tmp_path / "demo.json"
    demo_file.write_text(json.dumps(in_demo.document))
    before = SimulatedRound.objects.count()
    with subprocess.Popen(
        [sys.executable, "manage.py", "run_simulator", "--demo-file", str(demo_file)],
        cwd=PROJECT_DIR,
        env=in_demo.platform.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            ends = time.monotonic() + _LONGEST_SECONDS
            while SimulatedRound.objects.count() < before + 40 or _idle():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
                assert process.poll() is None
                assert time.monotonic() < ends, f"nobody plays at {_idle()}"
        finally:
            process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert (process.returncode, "rounds played" in output) == (0, True)
    result = compare_with_ledger()
    assert (list(result.findings), list(result.unexpected)) == ([], [])
    assert all(figures.settled > 0 and figures.rtp_is_plausible for figures in vendor_figures())
