"""Trap T5: nothing of the platform changes a record past its history."""

from pathlib import Path

import pytest

from tests.core.bypasses import bypasses, historied, sources, sql_bypasses, switches

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ("apps", "casino_platform")


def test_the_records_that_operators_edit_have_a_history() -> None:
    assert {model._meta.label for model in historied()} == {
        "brands.Brand", "integrations.Integration", "providers.Studio", "providers.Game", "providers.BrandGame",
    }  # fmt: skip


def test_no_code_changes_them_in_bulk() -> None:
    models = historied()
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources(*PLATFORM)
        if path.suffix == ".py"
        for line in bypasses(path.read_text(), models)
    ]
    assert found == []


def test_no_sql_changes_them() -> None:
    models = historied()
    found = {str(path.relative_to(ROOT)): sql_bypasses(path.read_text(), models) for path in sources(*PLATFORM)}
    assert {path: statements for path, statements in found.items() if statements} == {}


def test_nothing_switches_recording_off() -> None:
    found = {str(path.relative_to(ROOT)): switches(path.read_text()) for path in sources(*PLATFORM)}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "source",
    [
        "Game.objects.update(title='x')",
        "Game.objects.filter(pk=1).exclude(pk=2).update(title='x')",
        "Game._default_manager.bulk_update([], ['title'])",
        "BrandGame.objects.bulk_create([])",
        "def f():\n    rows = Game.objects.filter(pk=1)\n    late = rows.order_by('pk')\n    late.update(title='x')",
        "studio.games.update(title='x')",
        "brand.games.filter(pk=1).update(position=1)",
    ],
)
def test_this_lint_finds_a_bypass(source: str) -> None:
    assert list(bypasses(source, historied())) == [source.count("\n") + 1]


@pytest.mark.parametrize(
    "source",
    ["game.save(update_fields=['title'])", "terms.update(title='x')", "Player.objects.update(status='closed')",
     "def f():\n    rows = Game.objects.all()\ndef g(rows):\n    rows.update(title='x')"],
)  # fmt: skip
def test_this_lint_leaves_the_rest_alone(source: str) -> None:
    assert list(bypasses(source, historied())) == []


@pytest.mark.parametrize(
    "text",
    ["UPDATE providers_game SET x = 1", 'delete from "brands_brand"', "INSERT INTO integrations_integration (id)"],
)
def test_this_lint_finds_sql(text: str) -> None:
    assert len(sql_bypasses(text, historied())) == 1
    assert sql_bypasses("SELECT 1 FROM providers_game; UPDATE providers_gamesession SET x = 1", historied()) == []
