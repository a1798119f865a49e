"""Reading a policy matrix: the YAML file as typed values, or a list of what is wrong with it. No database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

SHIPPED = Path(__file__).parent / "data" / "policy_matrix.yaml"
# Code, name, and the zone in which the regulator's days begin. The rules of the Union begin in Brussels.
PLACES: dict[str, tuple[str, str]] = {
    "GB": ("Great Britain", "Europe/London"),
    "MT": ("Malta", "Europe/Malta"),
    "SE": ("Sweden", "Europe/Stockholm"),
    "DE": ("Germany", "Europe/Berlin"),
    "NL": ("Netherlands", "Europe/Amsterdam"),
    "CA-ON": ("Ontario", "America/Toronto"),
    "US-NJ": ("New Jersey", "America/New_York"),
    "DK": ("Denmark", "Europe/Copenhagen"),
    "ES": ("Spain", "Europe/Madrid"),
    "EU": ("European Union", "Europe/Brussels"),
}
_SCHEMA = 1
_STATUSES = ("in_force", "proposed", "approved_not_in_force")
_PARAMETER_KEYS = {"type", "unit", "values", "meaning", "enforce_at"}
_VALUE_KEYS = {"v", "from", "to", "status", "conf", "src", "note"}
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "number": (int, float),
    "bool": (bool,),
    "enum": (str,),
    "list": (list,),
    "object": (dict,),
    "str": (str,),
}


class MatrixNotSound(ValueError):
    """The file says something that makes no sense; each line names a place in it."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = complaints


@dataclass(frozen=True, slots=True)
class FileParameter:
    """One question."""

    code: str
    value_type: str
    unit: str
    choices: tuple[str, ...]
    meaning: str
    enforce_at: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class FileSource:
    """One document."""

    code: str
    title: str
    publisher: str
    kind: str
    url: str
    also: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class FileValue:
    """One answer."""

    jurisdiction: str
    parameter: str
    value: Any
    valid_from: date | None
    valid_to: date | None
    legal_status: str
    confidence: str
    sources: tuple[str, ...]
    note: str

    @property
    def is_in_force(self) -> bool:
        """Whether the file's own rule says: enforce it. Its days may lie ahead or behind."""
        return self.legal_status == "in_force" and self.confidence in ("A", "B") and self.value is not None


@dataclass(frozen=True, slots=True)
class FilePlace:
    """One jurisdiction."""

    code: str
    name: str
    regulator: str
    timezone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Everything a file says."""

    as_of: str
    parameters: tuple[FileParameter, ...]
    sources: tuple[FileSource, ...]
    places: tuple[FilePlace, ...]
    values: tuple[FileValue, ...]


def read_matrix(path: Path = SHIPPED) -> Matrix:
    """
    Read a file.

    :raises MatrixNotSound: with every complaint at once
    :raises OSError: if it cannot be read
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MatrixNotSound([f"not YAML: {error}"]) from error
    if not isinstance(document, dict) or document.get("schema_version") != _SCHEMA:
        raise MatrixNotSound([f"schema_version is not {_SCHEMA}"])
    reader = _Reader(document)
    matrix = reader.matrix()
    if reader.complaints:
        raise MatrixNotSound(reader.complaints)
    return matrix


class _Reader:
    """Walks the document once and remembers what it did not like."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.complaints: list[str] = []

    def matrix(self) -> Matrix:
        """Read everything."""
        parameters = tuple(
            self._parameter(str(code), facts, place)
            for place, (code, facts) in enumerate(self._section("parameters").items())
        )
        sources = tuple(self._source(str(code), facts) for code, facts in self._section("sources").items())
        known = {each.code: each for each in parameters}
        source_codes = {each.code for each in sources}
        places, values = [], []
        for code, facts in self._section("jurisdictions").items():
            if code not in PLACES:
                # A bare NO would arrive as False.
                self.complaints.append(f"jurisdictions.{code}: not a jurisdiction this platform has a time zone for")
                continue
            name, zone = PLACES[code]
            places.append(FilePlace(code, name, str(facts["regulator"]), zone, str(facts["currency"])))
            for parameter, entry in facts["values"].items():
                if (value := self._value(code, parameter, entry, known, source_codes)) is not None:
                    values.append(value)
        return Matrix(str(self.document.get("as_of", "")), parameters, sources, tuple(places), tuple(values))

    def _section(self, name: str) -> Mapping[Any, Any]:
        section = self.document.get(name)
        if not isinstance(section, dict):
            self.complaints.append(f"{name}: missing")
            return {}
        return section

    def _parameter(self, code: str, facts: Mapping[str, Any], place: int) -> FileParameter:
        # A phrase with commas and no quotes comes apart into keys without values: they belong to its end.
        torn_off = [str(key) for key, value in facts.items() if value is None and key not in _PARAMETER_KEYS]
        facts = {key: value for key, value in facts.items() if str(key) not in torn_off}
        self._refuse_unknown_keys(f"parameters.{code}", facts, _PARAMETER_KEYS)
        if facts.get("type") not in _TYPES:
            self.complaints.append(f"parameters.{code}: type {facts.get('type')!r}")
        return FileParameter(
            code=code,
            value_type=str(facts.get("type")),
            unit=str(facts.get("unit", "")),
            choices=tuple(str(each) for each in facts.get("values", ())),
            meaning=", ".join([str(facts.get("meaning", "")), *torn_off]),
            enforce_at=tuple(facts.get("enforce_at", ())),
            position=place,
        )

    def _source(self, code: str, facts: Mapping[str, Any]) -> FileSource:
        return FileSource(
            code=code,
            title=str(facts.get("title", code)),
            publisher=str(facts.get("publisher", "")),
            kind=str(facts.get("kind", "")),
            url=str(facts.get("url", "")),
            also=tuple(facts.get("also", ())),
            note=str(facts.get("note", "")),
        )

    def _value(
        self,
        jurisdiction: str,
        parameter: str,
        entry: Mapping[str, Any],
        known: Mapping[str, FileParameter],
        source_codes: set[str],
    ) -> FileValue | None:
        place = f"jurisdictions.{jurisdiction}.values.{parameter}"
        if parameter not in known:
            self.complaints.append(f"{place}: no such parameter")
            return None
        self._refuse_unknown_keys(place, entry, _VALUE_KEYS)
        value = FileValue(
            jurisdiction=jurisdiction,
            parameter=parameter,
            value=entry.get("v"),
            valid_from=self._day(place, entry.get("from")),
            valid_to=self._day(place, entry.get("to")),
            legal_status=str(entry.get("status", "in_force")),
            confidence=str(entry.get("conf", "")),
            sources=tuple(entry.get("src", ())),
            note=str(entry.get("note", "")),
        )
        self._require_sound(place, value, known[parameter], source_codes)
        return value

    def _require_sound(self, place: str, value: FileValue, parameter: FileParameter, source_codes: set[str]) -> None:
        wanted = _TYPES.get(parameter.value_type, ())
        given = value.value
        if given is not None and (not isinstance(given, wanted) or (isinstance(given, bool) and bool not in wanted)):
            self.complaints.append(f"{place}: {given!r} is not of the type {parameter.value_type}")
        if given is not None and parameter.choices and given not in parameter.choices:
            self.complaints.append(f"{place}: {given!r} is none of {', '.join(parameter.choices)}")
        if value.legal_status not in _STATUSES:
            self.complaints.append(f"{place}: status {value.legal_status!r}")
        if value.confidence not in ("A", "B", "C"):
            self.complaints.append(f"{place}: conf {value.confidence!r}")
        if not value.sources or set(value.sources) - source_codes:
            self.complaints.append(f"{place}: src {list(value.sources)}")
        if value.valid_from and value.valid_to and value.valid_to < value.valid_from:
            self.complaints.append(f"{place}: ends before it begins")

    def _day(self, place: str, text: Any) -> date | None:
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except (TypeError, ValueError):
            self.complaints.append(f"{place}: {text!r} is not an ISO date in quotes")
            return None

    def _refuse_unknown_keys(self, place: str, facts: Mapping[str, Any], known: set[str]) -> None:
        if unknown := facts.keys() - known:
            self.complaints.append(f"{place}: unknown keys {', '.join(sorted(map(str, unknown)))}")
