"""The yardstick: PostgreSQL's own pgbench calling the posting function on the same server."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ground import BenchFailed, Ground
from casino_platform.runtime.postgres import postgres_program

_SCRIPT = Path(__file__).with_name("pgbench_bet.sql")


@dataclass(frozen=True)
class RawRate:
    """What pgbench measured."""

    rate: float
    bets: int
    average_ms: float


def run_pgbench(ground: Ground, database: str, *, clients: int, seconds: float) -> RawRate:
    """
    Let so many clients place bets on random wallets for so long (whole seconds), with prepared statements.

    :raises BenchFailed: if pgbench fails, or a bet does
    """
    address = ground.connection_of(database)
    finished = subprocess.run(
        [
            *(str(postgres_program("pgbench")), "--no-vacuum", "--protocol=prepared", f"--file={_SCRIPT}"),
            *(f"--client={clients}", "--jobs=2", f"--time={max(1, round(seconds))}"),
            *(f"--define=wallets={ground.wallets}", f"--define=integration={ground.seeds['raw_integration']}"),
        ],
        env={
            **os.environ,
            "PGHOST": address["host"],
            "PGPORT": address["port"],
            "PGUSER": address["user"],
            "PGPASSWORD": address["password"],
            "PGDATABASE": database,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    bets = re.search(r"actually processed: (\d+)", finished.stdout)
    rate = re.search(r"tps = ([\d.]+) \(without initial", finished.stdout)
    average = re.search(r"latency average = ([\d.]+) ms", finished.stdout)
    failed = re.search(r"failed transactions: (\d+)", finished.stdout)
    if finished.returncode != 0 or not (bets and rate and average and failed) or failed[1] != "0":
        raise BenchFailed(f"pgbench failed:\n{finished.stdout}\n{finished.stderr}")
    return RawRate(float(rate[1]), int(bets[1]), float(average[1]))
