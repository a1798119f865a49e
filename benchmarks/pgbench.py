"""The yardstick: PostgreSQL's own pgbench calling the posting function on the same server."""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.ground import BenchFailed, Ground
from casino_platform.runtime.postgres import postgres_program

# PostgreSQL plans each statement anew the first times a connection executes it, which takes it longer than the bet. The
# web server's connections are warm when their clock starts, so pgbench's must be too, or the ratio would flatter us.
_WARM_UP_SECONDS = 3
_SCRIPT = Path(__file__).with_name("pgbench_bet.sql")


@dataclass(frozen=True)
class RawRate:
    """What pgbench measured."""

    rate: float
    bets: int
    average_ms: float
    database_ms: float
    """Processor time of PostgreSQL for each bet."""


def run_pgbench(ground: Ground, database: str, *, clients: int, seconds: float) -> RawRate:
    """
    Let so many clients place bets on random wallets for so long (whole seconds, after a warm-up).

    :raises BenchFailed: if pgbench fails, or a bet does
    """
    length = max(1, round(seconds))
    address = ground.connection_of(database)
    process = subprocess.Popen(
        [
            *(str(postgres_program("pgbench")), "--no-vacuum", "--protocol=prepared", f"--file={_SCRIPT}"),
            *(f"--client={clients}", "--jobs=2", f"--time={_WARM_UP_SECONDS + length}", "--progress=1"),
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
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(_WARM_UP_SECONDS)
    database_before = ground.database_seconds()
    stdout, stderr = process.communicate()
    used_ms = (ground.database_seconds() - database_before) * 1000
    bets = re.search(r"actually processed: (\d+)", stdout)
    rates = [float(rate) for rate in re.findall(r"progress: .*?, ([\d.]+) tps", stderr)][_WARM_UP_SECONDS:]
    average = re.search(r"latency average = ([\d.]+) ms", stdout)
    failed = re.search(r"failed transactions: (\d+)", stdout)
    if process.returncode != 0 or not (bets and rates and average and failed) or failed[1] != "0":
        raise BenchFailed(f"pgbench failed:\n{stdout}\n{stderr}")
    return RawRate(fmean(rates), int(bets[1]), float(average[1]), used_ms / (fmean(rates) * length))
