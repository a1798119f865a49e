"""`manage.py conformance` as an integrator runs it: a process of its own, over HTTP, against the live demo."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from apps.sandbox.conformance.registry import SUITES
from casino_platform.runtime.servers import PROJECT_DIR
from tests.journeys.conftest import Demo


def run(demo: Demo, tmp_path: Path, slug: str, *more: str) -> subprocess.CompletedProcess[str]:
    document = tmp_path / "demo.json"
    document.write_text(json.dumps(demo.document))
    argv = [sys.executable, "manage.py", "conformance", slug, "--demo-file", str(document), *more]
    return subprocess.run(
        argv, cwd=PROJECT_DIR, env=demo.platform.environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("slug", list(SUITES))
def test_the_running_platform_conforms_to_each_protocol(demo: Demo, tmp_path: Path, slug: str) -> None:
    done = run(demo, tmp_path, slug, "--format", "json")
    report = json.loads(done.stdout)
    wrong = {each["title"]: each["deviation"] for each in report["scenarios"] if not each["passed"]}
    assert (wrong, done.returncode) == ({}, 0), done.stderr
    assert len(report["scenarios"]) == len(SUITES[slug].scenarios)
    signed = report.pop("sha256")
    canonical = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert signed == hashlib.sha256(canonical.encode()).hexdigest()
    secrets = {value for name, value in demo.document["integrations"][slug]["credentials"].items() if "pem" not in name}
    assert not [secret for secret in secrets if secret in done.stdout]


def test_a_deviation_ends_in_status_1_and_a_readable_report(demo: Demo, tmp_path: Path) -> None:
    document = dict(demo.document)
    keys = document["integrations"]["valkyrie"] | {"credentials": {"bearer_token": "not-the-token"}}
    document["integrations"] = document["integrations"] | {"valkyrie": keys}
    output = tmp_path / "report.md"
    done = run(Demo(demo.platform, document), tmp_path, "valkyrie", "--output", str(output))
    assert done.returncode == 1
    text = output.read_text()
    assert "FAILED" in text.splitlines()[0]
    assert "PAM_ERR_API_TOKEN" in text
    assert "not-the-token" not in text


def test_a_platform_that_is_not_there_is_said_to_be_so(demo: Demo, tmp_path: Path) -> None:
    done = run(demo, tmp_path, "evolution", "--base-url", "http://127.0.0.1:9")
    assert (done.returncode, "does not answer" in done.stderr) == (1, True)
