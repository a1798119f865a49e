"""Production refuses to start while anything it needs is missing or unsafe, and says what."""

import subprocess
import sys

import pytest

from casino_platform.runtime.deploy_check import production_environment
from casino_platform.runtime.servers import PROJECT_DIR


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import casino_platform.settings.production"],
        env={"PYTHONPATH": str(PROJECT_DIR), **environment},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def refusals(environment: dict[str, str]) -> list[str]:
    """Return the reasons given, one a line; none when production starts."""
    lines = start(environment).stderr.splitlines()
    return [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]


def test_production_starts_with_everything_it_needs() -> None:
    finished = start(production_environment())

    assert (finished.returncode, finished.stderr) == (0, "")


def test_every_missing_variable_is_named_at_once() -> None:
    finished = start({"DJANGO_SETTINGS_MODULE": "casino_platform.settings.production"})

    assert finished.returncode != 0
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "CREDENTIALS_KEYS"):
        assert f"  - {name} is not set" in finished.stderr.splitlines()


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "CREDENTIALS_KEYS"])
def test_one_missing_variable_is_enough_to_refuse(name: str) -> None:
    environment = production_environment()
    environment[name] = ""

    assert refusals(environment) == [f"{name} is not set"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"SANDBOX": "1"},
            "SANDBOX is on: the sandbox moves clocks and mints money, it never runs in production",
        ),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the hosts, not *"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter than 50 characters"),
        ({"CREDENTIALS_KEYS": "k1:c2hvcnQ="}, "CREDENTIALS_KEYS: the key of k1 has 5 bytes, not 32"),
        ({"CREDENTIALS_KEYS": "k1:%%%"}, "CREDENTIALS_KEYS: the key of k1 is not base64"),
        ({"CREDENTIALS_KEYS": "nokey"}, "CREDENTIALS_KEYS must be a comma separated list of kid:base64"),
    ],
)
def test_unsafe_values_are_refused(changed: dict[str, str], reason: str) -> None:
    assert refusals({**production_environment(), **changed}) == [reason]


def test_a_refusal_never_quotes_a_secret() -> None:
    environment = {**production_environment(), "SANDBOX": "1"}

    assert environment["SECRET_KEY"] not in start(environment).stderr
    assert environment["CREDENTIALS_KEYS"] not in start(environment).stderr
