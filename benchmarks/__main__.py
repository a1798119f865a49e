"""`python -m benchmarks`: run the sections, print medians and ratios, prove the books."""

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import (  # noqa: F401 - imported for the sections they enter
    callbacks,
    cases,
    limits,
    measures,
    monitoring,
    name_quality,
    reconciling,
    single_process,
)
from benchmarks.figures import Figure
from benchmarks.ground import DATA_DIR, BenchFailed, Ground, Shape, Web, say
from benchmarks.sections import SECTIONS, Terms


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; 1 when the proof fails, not when a bar is missed."""
    given = _parser().parse_args(arguments)
    names = given.only.split(",") if given.only else list(SECTIONS)
    if unknown := set(names) - set(SECTIONS):
        print(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupted)
    terms = Terms(given.seconds, given.runs, given.transfers)
    shape = Shape(given.workers, given.threads, given.lanes)
    started_at = time.monotonic()
    figures: list[Figure] = []
    try:
        with Ground(wallets=given.wallets, shape=shape, keep=given.keep) as ground:
            for name in names:
                say(f"\n{SECTIONS[name].title} ({time.monotonic() - started_at:.0f} s so far)")
                figures += SECTIONS[name].measure(ground, terms)
            proofs = _prove(ground)
    except BenchFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _print(names, figures, proofs, terms, shape)
    say(f"\nTook {time.monotonic() - started_at:.0f} s.")
    if given.json:
        given.json.write_text(json.dumps(_as_json(figures, proofs, terms, shape), indent=2) + "\n")
    return 0 if all(_is_sound(proof) for proof in proofs) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAMES", help=f"sections, with commas: {', '.join(SECTIONS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one run")
    parser.add_argument("--runs", type=int, default=3, help="runs of each kind, of which the median is shown")
    parser.add_argument("--transfers", type=int, default=5_000_000, help="length of the history")
    parser.add_argument("--wallets", type=int, default=20_000, help="seeded wallets")
    parser.add_argument("--workers", type=int, default=Shape.workers, help="processes of the web server")
    parser.add_argument("--threads", type=int, default=Shape.threads, help="threads of each")
    parser.add_argument("--lanes", type=int, default=None, help="WALLET_LANES instead of the settings' default")
    parser.add_argument("--keep", action="store_true", help="keep seeds and history for the next sitting (several GB)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


def _prove(ground: Ground) -> list[dict[str, Any]]:
    """Prove every database that was bet in: the books, and the load generator's own count against the ledger."""
    say("\nProving the books, and every accepted bet against the ledger ...")
    return [_proof(ground, web) for web in ground.webs]


def _proof(ground: Ground, web: Web) -> dict[str, Any]:
    seen = DATA_DIR / "seen.txt"
    seen.write_text("\n".join([*("+" + key for key in web.accepted), *("?" + key for key in web.unknown)]))
    try:
        proof = ground.inside(web.database, "prove", seen=str(seen), raw_bets=web.raw_bets, **ground.seeds)
    finally:
        seen.unlink()
    return {"database": web.database, "refused": web.refused, **proof}


def _is_sound(proof: dict[str, Any]) -> bool:
    exact = proof["unknown"] > 0 or proof["posted"] == proof["accepted"]
    raw = proof["raw_posted"] == proof["raw_counted"]
    return exact and raw and not any(proof[fault] for fault in ("lost", "surplus", "doubles", "deadlocks", "breaks"))


def _print(names: list[str], figures: list[Figure], proofs: list[dict[str, Any]], terms: Terms, shape: Shape) -> None:
    lanes = "default" if shape.lanes is None else shape.lanes
    print(
        f"\n{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; ",
        end="",
    )
    print(f"web server: {shape.workers} processes x {shape.threads} threads, {lanes} lanes each")
    print(f"Medians of {terms.runs} runs of {terms.seconds:g} s in one sitting (smallest to largest)")
    for name in names:
        print(f"\n{SECTIONS[name].title}")
        for figure in figures:
            if figure.section == name:
                print(figure.line())
    print("\nProof")
    for proof in proofs:
        print(f"  {proof['database']:<40} {_verdict(proof)}")


def _verdict(proof: dict[str, Any]) -> str:
    counts = (
        f"accepted {proof['accepted']}, posted {proof['posted']}, unknown {proof['unknown']}, raw {proof['raw_posted']}"
    )
    if _is_sound(proof):
        refused = f"; refused: {proof['refused']}" if proof["refused"] else ""
        return f"books sound; {counts}{refused}"
    return f"BROKEN; {counts}; {proof}"


def _as_json(figures: list[Figure], proofs: list[dict[str, Any]], terms: Terms, shape: Shape) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "seconds": terms.seconds,
        "runs": terms.runs,
        "shape": {"workers": shape.workers, "threads": shape.threads, "lanes": shape.lanes},
        "figures": [figure.as_json() for figure in figures],
        "proofs": proofs,
    }


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
