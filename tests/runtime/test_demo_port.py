"""`make demo` says what is wrong with PORT before it starts anything."""

import os
import subprocess
import sys

import pytest

from tests.harness.databases import PROJECT_DIR


@pytest.mark.parametrize("port", ["http", "0", "-1", "65536", "8000 "])
def test_a_port_that_is_none_is_refused_in_words(port: str) -> None:
    argv = [sys.executable, "-m", "casino_platform.runtime.demo"]
    environment = {**os.environ, "PORT": port}
    ended = subprocess.run(
        argv, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"PORT must be a number from 1 to 65535, not {port!r}."
