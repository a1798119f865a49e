"""Tables in the documents say what the code says: environment variables, statuses and options of the Hub88 family."""

import re
from collections.abc import Callable

import pytest

from apps.providers.adapters.evolution.statuses import status_of as evolution_status
from apps.providers.adapters.hub88.options import OPTIONS
from apps.providers.adapters.hub88.profiles import CALETA, HUB88, Profile
from apps.providers.adapters.hub88.statuses import status_of
from apps.providers.adapters.swipegames.statuses import word_of
from apps.providers.adapters.valkyrie.statuses import code_of
from apps.providers.contract import Outcome, Verb
from apps.providers.registry import ADAPTERS
from casino_platform.runtime.servers import PROJECT_DIR

SETTINGS = PROJECT_DIR / "casino_platform" / "settings"
RUNTIME = PROJECT_DIR / "casino_platform" / "runtime"
DEPLOYMENT = PROJECT_DIR / "docs" / "deployment.md"
INTEGRATIONS = PROJECT_DIR / "docs" / "integrations"
HUB88_FAMILY = PROJECT_DIR / "docs" / "integrations" / "hub88-family.md"
# Read by the libraries that they belong to.
READ_ELSEWHERE = {"DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR"}

_SETTING = re.compile(r"\benv\.\w+\(\s*\"([A-Z_]+)\"")
_DEFAULT = re.compile(r"\benv\.\w+\(\s*\"([A-Z_]+)\", default=([\d.]+|\"\w+\")\)")
_ENVIRON = re.compile(r"\benviron\.get\(\"([A-Z_]+)\"")


def rows_of(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table rows below a heading, without the table's head."""
    section = re.split(r"^#+ ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def documented() -> dict[str, list[str]]:
    return {row[0].strip(" `"): row[1:] for row in rows_of(DEPLOYMENT.read_text(), "## Environment")}


def read_in(*names: str) -> set[str]:
    return {found for name in names for found in _SETTING.findall((SETTINGS / name).read_text())}


def test_every_documented_variable_is_read_somewhere() -> None:
    runtime = {found for path in RUNTIME.glob("*.py") for found in _ENVIRON.findall(path.read_text())}

    known = read_in("base.py", "development.py", "production.py") | runtime | READ_ELSEWHERE

    assert documented().keys() - known == set()


def test_every_variable_that_settings_read_is_documented() -> None:
    assert read_in("base.py", "development.py", "production.py") - documented().keys() == set()


def test_plain_defaults_are_documented_as_they_are() -> None:
    defaults = dict(_DEFAULT.findall((SETTINGS / "base.py").read_text()))
    rows = documented()

    wrong = {
        name: rows[name][1]
        for name, default in defaults.items()
        if float_or_text(default) != float_or_text(rows[name][1].strip("`"))
    }

    assert len(defaults) >= 8
    assert wrong == {}


def float_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip('"')


def test_what_production_requires_is_documented_as_required() -> None:
    required = re.search(r"_REQUIRED = \((.*?)\)", (SETTINGS / "production.py").read_text())
    assert required is not None
    rows = documented()

    for name in re.findall(r"\"([A-Z_]+)\"", required[1]):
        assert rows[name][0].startswith("yes"), name


def test_the_status_table_of_the_hub88_family_is_the_codes_own() -> None:
    rows = {
        row[0].strip("` "): [cell.strip("` ") for cell in row[1:]]
        for row in rows_of(HUB88_FAMILY.read_text(), "## Statuses")
    }

    assert rows == {
        outcome.value: [
            status_of(outcome, Verb.BET, HUB88.debit_statuses),
            status_of(outcome, Verb.BET, CALETA.debit_statuses),
            status_of(outcome, Verb.WIN, HUB88.debit_statuses),
            status_of(outcome, Verb.ROLLBACK, HUB88.debit_statuses),
        ]
        for outcome in Outcome
    }


@pytest.mark.parametrize("profile", [HUB88, CALETA], ids=lambda profile: profile.vendor)
def test_every_path_of_a_profile_is_documented(profile: Profile) -> None:
    text = HUB88_FAMILY.read_text()

    missing = [path for path in profile.paths if f"`/{path}`" not in text]

    assert missing == []


def test_every_option_of_the_hub88_family_is_documented_and_read() -> None:
    rows = {row[0].strip("` ") for row in rows_of(HUB88_FAMILY.read_text(), "## Options of an integration")}
    readers = [path for path in (PROJECT_DIR / "apps" / "providers").rglob("*.py") if path.name != "options.py"]
    code = "".join(path.read_text() for path in readers)

    assert {option.name for option in OPTIONS} == rows
    assert {option for option in rows if f'"{option}"' not in code and f"'{option}'" not in code} == set()


def swipe_word(outcome: Outcome, verb: Verb) -> str:
    word = word_of(outcome, verb)
    return f"{word.status} {word.code}".strip()


@pytest.mark.parametrize(
    ("name", "heading", "word", "verbs"),
    [
        ("evolution", "## Statuses", evolution_status, (Verb.BET, Verb.WIN, Verb.ROLLBACK, Verb.PROMO)),
        ("swipe-games", "## Statuses", swipe_word, (Verb.BET, Verb.WIN, Verb.ROLLBACK)),
        ("valkyrie", "## Errors", lambda *asked: code_of(*asked) or "OK", (Verb.BET, Verb.WIN, Verb.ROLLBACK)),
    ],
)
def test_the_status_table_of_a_protocol_is_the_codes_own(
    name: str, heading: str, word: Callable[[Outcome, Verb], str], verbs: tuple[Verb, ...]
) -> None:
    text = (INTEGRATIONS / f"{name}.md").read_text()
    rows = {row[0].strip("` "): [cell.strip("` ") for cell in row[1:]] for row in rows_of(text, heading)}
    assert rows == {outcome.value: [word(outcome, verb) for verb in verbs] for outcome in Outcome}


@pytest.mark.parametrize(
    ("name", "vendor"), [("evolution", "evolution"), ("swipe-games", "swipegames"), ("valkyrie", "valkyrie")]
)
def test_every_option_of_a_protocol_is_documented_and_read(name: str, vendor: str) -> None:
    rows = {
        row[0].strip("` ") for row in rows_of((INTEGRATIONS / f"{name}.md").read_text(), "## Options of an integration")
    }
    readers = [path for path in (PROJECT_DIR / "apps" / "providers").rglob("*.py") if path.name != "options.py"]
    code = "".join(path.read_text() for path in readers)
    assert {option.name for option in ADAPTERS[vendor].options} == rows
    assert {option for option in rows if f'"{option}"' not in code and f"'{option}'" not in code} == set()
