"""A yente server (MIT) over HTTP: `POST /match/{dataset}`. Its score is kept; corroboration and rank are our own."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from apps.integrations.connections import Connection
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorTimeout, call_vendor
from apps.verification.adapters.reading import BadBody, node_of, read_object, text_of, texts_of
from apps.verification.matching.names import THRESHOLD
from apps.verification.sources.port import Candidate, Entry, Question, Reply, judge

_TIMEOUT_SECONDS = 10.0
MOST_EXCLUDED = 50
"""As many ids as yente takes."""
_QUERY = "player"


class Yente:
    """Asks one yente server; options `dataset`, `threshold`, `algorithm` of its integration."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.name = connection.slug

    def ask(self, question: Question, *, excluded: Sequence[str] = (), changed_since: datetime | None = None) -> Reply:
        """One query for one person."""
        options = self._connection.options
        parameters: list[tuple[str, str]] = [("threshold", str(options.get("threshold", THRESHOLD)))]
        if options.get("algorithm"):
            parameters.append(("algorithm", str(options["algorithm"])))
        if changed_since is not None:
            parameters.append(("changed_since", changed_since.isoformat()))
        else:
            parameters += [("exclude_entity_ids", each) for each in excluded[:MOST_EXCLUDED]]
        properties = {
            "name": [question.name],
            "birthDate": [question.birth_date] if question.birth_date else [],
            "country": [each.lower() for each in question.countries],
        }
        body = json.dumps({"queries": {_QUERY: {"schema": "Person", "properties": properties}}}).encode()
        keys = self._connection.keys_for(Credential.Purpose.API_ACCESS, "api_key")
        answer = call_vendor(
            connection=self._connection,
            verb="match",
            method="POST",
            path=f"/match/{options.get('dataset', 'default')}?{urlencode(parameters)}",
            body=body,
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"ApiKey {keys[0].secret.decode()}"} if keys else {}),
            },
            timeout_seconds=_TIMEOUT_SECONDS,
            player_id=question.player_id,
            signed_by=keys[0].kid if keys else "",
        )
        return _reply(answer.status, answer.body, question, is_complete=changed_since is None)


def _reply(status: int, body: bytes, question: Question, *, is_complete: bool) -> Reply:
    try:
        response = node_of(node_of(read_object(body), "responses"), _QUERY)
    except BadBody as error:
        raise VendorTimeout("an answer that is no JSON") from error
    results = response.get("results")
    if status not in range(200, 300) or response.get("status", 200) != 200 or not isinstance(results, list):  # noqa: PLR2004
        raise VendorTimeout(f"HTTP {status} without results")
    found = [_candidate(each, question) for each in results if isinstance(each, dict)]
    ranked = sorted((each for each in found if each is not None), key=lambda each: (-each.rank, each.entry.entity_id))
    return Reply(tuple(ranked), None, is_complete)


def _candidate(result: Mapping[str, Any], question: Question) -> Candidate | None:
    properties, score = node_of(result, "properties"), result.get("score")
    entity_id = text_of(result, "id", 120)
    if not entity_id or isinstance(score, bool) or not isinstance(score, int | float):
        return None
    names = tuple(
        dict.fromkeys([text_of(result, "caption", 300), *texts_of(properties, "name"), *texts_of(properties, "alias")])
    )
    countries = {
        each.upper()[:2] for name in ("country", "nationality", "citizenship") for each in texts_of(properties, name)
    }
    entry = Entry(
        dataset=", ".join(texts_of(result, "datasets"))[:120],
        entity_id=entity_id,
        names=tuple(name for name in names if name),
        birth_dates=texts_of(properties, "birthDate"),
        countries=tuple(sorted(countries)),
        topics=texts_of(properties, "topics"),
        details={"features": node_of(result, "features"), "last_change": text_of(result, "last_change", 40)},
    )
    ours = judge(question, entry)
    said = (
        f"The server's matcher says {score:.0%}",
        *(ours.explanation if ours else ("Our own matcher sees no likeness",)),
    )
    return Candidate(entry, round(float(score), 4), ours.corroboration if ours else 0, said)
