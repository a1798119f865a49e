"""A game provider's own report as CSV: one line a round, or one line a game and day."""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, NamedTuple

from apps.core.money import Money, MoneyError
from apps.reconciliation.importing.csv_lines import FileRefused, Issue, Issues, read_csv
from apps.reconciliation.importing.layouts import Layout, NotThisLayout, Places
from apps.reconciliation.progress import Progress

GAME_REPORT = Layout(
    name="a game report",
    columns={
        "day": ("day", "date"),
        "game": ("game", "game_code"),
        "currency": ("currency",),
        "round": ("round", "round_id"),
        "rounds": ("rounds",),
        "staked": ("staked", "bet", "bets"),
        "won": ("won", "win", "wins"),
        "refunded": ("refunded", "rollback", "rollbacks"),
    },
    required=frozenset({"day", "game", "currency", "staked", "won"}),
    types={},
    reading=lambda _: tuple,
)


class GameLine(NamedTuple):
    """One line as it is stored."""

    line: int
    day: date
    game_code: str
    round_ref: str
    currency: str
    rounds: int
    staked: int
    won: int
    refunded: int


def read_game_report(stream: BinaryIO, progress: Progress) -> Iterator[GameLine]:
    """
    Read a report: ISO dates, amounts in main units that are not negative.

    :raises FileRefused: with what is wrong, by line
    """
    file = read_csv(stream)
    try:
        places = Places.of(GAME_REPORT, file.header)
    except NotThisLayout as error:
        raise FileRefused(Issue(1, "", str(error), ", ".join(file.header))) from error
    issues = Issues()
    for line, cells in file.lines:
        progress.count()
        read = _line(line, cells, places, issues)
        if read is not None:
            yield read
    issues.raise_if_any()


def _line(line: int, cells: list[str], places: Places, issues: Issues) -> GameLine | None:
    cell = {name: places.cell(name)(cells).strip() for name in GAME_REPORT.columns}
    try:
        day = date.fromisoformat(cell["day"])
    except ValueError:
        issues.add(line, places.headers["day"], "is not a date like 2026-11-25", cell["day"])
        return None
    amounts = []
    for name in ("staked", "won", "refunded"):
        try:
            units = Money.parse(cell[name] or "0", cell["currency"], precision="ledger").units
        except MoneyError as error:
            issues.add(line, places.headers.get(name, name), str(error)[:200], f"{cell[name]} {cell['currency']}")
            return None
        if units < 0:
            issues.add(line, places.headers.get(name, name), "is below zero", cell[name])
            return None
        amounts.append(units)
    rounds = cell["rounds"] or "1"
    if not rounds.isdecimal():
        issues.add(line, places.headers.get("rounds", "rounds"), "is not a number of rounds", rounds)
        return None
    return GameLine(line, day, cell["game"], cell["round"], cell["currency"], int(rounds), *amounts)
