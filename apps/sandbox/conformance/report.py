"""The report of a conformance run: what was played, how it went, every request and answer, and a digest over it all."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from apps.sandbox.conformance.scenarios import Verdict

_LONGEST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `digest` is the SHA-256 of the canonical JSON without it, so a changed copy shows."""

    integration: str
    protocol: str
    protocol_version: str
    platform: str
    platform_version: str
    started_at: datetime
    milliseconds: float
    verdicts: Sequence[Verdict]

    @property
    def passed(self) -> bool:
        """Every scenario went as the protocol says, and there was one."""
        return bool(self.verdicts) and all(verdict.passed for verdict in self.verdicts)

    @property
    def digest(self) -> str:
        """SHA-256 in hex."""
        canonical = json.dumps(self._facts(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """One line."""
        good = sum(verdict.passed for verdict in self.verdicts)
        return (
            f"{self.integration}: {good} of {len(self.verdicts)} scenarios of {self.protocol} {self.protocol_version} "
            f"passed in {self.milliseconds / 1000:.1f} s; SHA-256 {self.digest}"
        )

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(self._facts() | {"sha256": self.digest}, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """For people."""
        verdict = "PASSED" if self.passed else "FAILED"
        lines = [
            f"# Conformance of `{self.integration}` with {self.protocol} {self.protocol_version}: {verdict}",
            "",
            f"{self.summary}.",
            "",
            (
                f"Played at {self.started_at:%Y-%m-%d %H:%M:%S} UTC against {self.platform}, "
                f"casino-platform {self.platform_version}."
            ),
            "",
            "| | scenario | ms | |",
            "| --- | --- | ---: | --- |",
            *(
                f"| {'pass' if each.passed else '**FAIL**'} | {each.title} | {each.milliseconds:.0f} | "
                f"{each.deviation.replace('|', chr(92) + '|')} |"
                for each in self.verdicts
            ),
        ]
        for each in self.verdicts:
            lines += _story(each)
        return "\n".join(lines) + "\n"

    def _facts(self) -> dict[str, Any]:
        return {
            "integration": self.integration,
            "protocol": self.protocol,
            "protocol_version": self.protocol_version,
            "platform": self.platform,
            "platform_version": self.platform_version,
            "started_at": self.started_at.isoformat(),
            "milliseconds": self.milliseconds,
            "passed": self.passed,
            "scenarios": [asdict(verdict) | {"passed": verdict.passed} for verdict in self.verdicts],
        }


def _story(verdict: Verdict) -> list[str]:
    lines = ["", f"## {'pass' if verdict.passed else 'FAIL'}: {verdict.title}", ""]
    if verdict.deviation:
        lines += [f"**{verdict.deviation}**", ""]
    lines.append("```http")
    for exchange in verdict.exchanges:
        lines.append(f"{exchange.method} {exchange.path}")
        lines += [f"{name}: {value}" for name, value in exchange.headers.items()]
        lines += [exchange.request[:_LONGEST_SHOWN]] if exchange.request else []
        lines += [f"→ {exchange.status} ({exchange.milliseconds:.1f} ms) {exchange.response[:_LONGEST_SHOWN]}", ""]
    return [*lines, "```"]
