"""Bodies and addresses of vendors' calls as staff see them: without secrets and personal data. The log has them."""

import json
import re
from typing import Any

from apps.core.admin_display import masked_email, masked_text

_MOST_BODY_BYTES = 20_000
_MASK = "***"
_SECRET_NAME = re.compile(r"token|secret|passw|api[-_]?key|casino[-_]?key|authorization|^sid$", re.IGNORECASE)
# Tokens also travel in addresses (a launch's answer) and in form-encoded bodies.
_SECRET_PARAMETER = re.compile(
    r"((?:^|[?&;])[^=&;\s?]*(?:token|secret|passw|api[-_]?key|casino[-_]?key)[^=&;\s]*=)[^&;\s\"<]+", re.IGNORECASE
)
# The id of a session is what opens it: Evolution's launch sends the player's token as ``session.id``.
_SESSION_ID = re.compile(r'("session"\s*:\s*\{[^{}]*?"id"\s*:\s*)"[^"]*(?:"|$)', re.IGNORECASE)
# Personal data by the names that vendors give it, whatever their spelling.
_PERSONAL_NAMES = frozenset(
    {
        "firstname", "firstnames", "firstnameen", "lastname", "lastnames", "lastnameen", "middlename",
        "fullname", "familyname", "surname", "holdername", "accountholder", "accountholdername", "cardholder",
        "cardholdername", "ownername", "birthdate", "dateofbirth", "dob", "placeofbirth", "email",
        "emailaddress", "shopperemail", "shopperip", "phone", "phonenumber", "mobile", "mobilephone",
        "mobilephonenumber", "msisdn", "street", "formattedaddress", "addressline1", "addressline2",
        "addressstreet", "addresscity", "addresspostcode", "housenumber", "housenumberorname", "city",
        "postcode", "postalcode", "zip", "zipcode", "iban", "accountnumber", "documentnumber", "nationalid",
        "nationalidentificationnumber", "personid", "socialnumber", "personnummer", "idnumber",
        "passportnumber",
    }
)  # fmt: skip
# Names of much else too, personal only beside something that is.
_PERSONAL_BESIDE = frozenset({"name", "first", "last", "address", "owner"})
_JSON_TEXT = re.compile(r'"([A-Za-z0-9_.\-]{1,60})"(\s*:\s*)"(?:[^"\\]|\\.)*(?:"|$)')
_NAME_SEPARATORS = re.compile(r"[^a-z0-9]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_PERSONAL_PARAMETER = re.compile(
    r"((?:^|[?&;])(?:first[-_]?name|last[-_]?name|e-?mail|phone|mobile|birth[-_]?date|date[-_]?of[-_]?birth|dob|iban"
    r"|street|address|city|post[-_]?code|zip)=)[^&;\s\"<]+",
    re.IGNORECASE,
)


def shown_body(raw: bytes | memoryview) -> str:
    """
    Show a request's or response's body: JSON indented, secrets and personal data in it masked, anything else as text.

    Numbers keep their notation: 1.50 stays 1.50. The log itself keeps every byte.
    """
    cut = bytes(raw)[:_MOST_BODY_BYTES]
    more = f"\n… {len(raw) - len(cut):,} more bytes" if len(raw) > len(cut) else ""
    try:
        parsed = json.loads(bytes(raw), parse_float=_Verbatim, parse_int=_Verbatim) if not more else None
    except (ValueError, RecursionError):
        parsed = None
    if parsed is None:
        return shown_text(_masked_members(cut.decode("utf-8", "backslashreplace"))) + more
    return _unquoted(json.dumps(_without_secrets(parsed), indent=2, ensure_ascii=False, default=str))


def shown_text(text: str) -> str:
    """Show an address or a body that is not JSON, with secrets and personal data in its parameters masked."""
    masked = _PERSONAL_PARAMETER.sub(rf"\1{_MASK}", _SECRET_PARAMETER.sub(rf"\1{_MASK}", text))
    return _EMAIL.sub(lambda found: masked_email(found.group()), masked)


def _masked_members(text: str) -> str:
    """Mask what is secret or personal in JSON that is cut off, and so cannot be read as a whole."""
    beside = any(_is_personal(found.group(1)) for found in _JSON_TEXT.finditer(text))

    def shown(found: re.Match[str]) -> str:
        name = found.group(1)
        is_masked = _SECRET_NAME.search(name) or _is_personal(name, beside=beside)
        return f'"{name}"{found.group(2)}"{_MASK}"' if is_masked else found.group()

    return _JSON_TEXT.sub(shown, _SESSION_ID.sub(rf'\1"{_MASK}"', text))


def _is_personal(name: str, *, beside: bool = False) -> bool:
    plain = _NAME_SEPARATORS.sub("", name.lower())
    return plain in _PERSONAL_NAMES or (beside and plain in _PERSONAL_BESIDE)


def _masked(value: Any) -> Any:
    """Mask every leaf of a value that is personal."""
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return masked_text(str(value)) if value not in (None, "", True, False) else value


class _Verbatim(str):
    """A number as it was written."""

    __slots__ = ()


_MARK = "\ue000"


def _shown_member(name: str, value: Any, *, beside: bool) -> Any:
    if _SECRET_NAME.search(name) and isinstance(value, str):
        return _MASK
    if name.lower() == "session" and isinstance(value, dict) and "id" in value:
        value = value | {"id": _MASK}
    return _masked(value) if _is_personal(name, beside=beside) else _without_secrets(value)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        beside = any(map(_is_personal, value))
        return {name: _shown_member(name, inner, beside=beside) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    if isinstance(value, _Verbatim):
        return f"{_MARK}{value}{_MARK}"
    if isinstance(value, str):
        return shown_text(value)
    return value


def _unquoted(text: str) -> str:
    """Take the quotes off what was a number."""
    return text.replace(f'"{_MARK}', "").replace(f'{_MARK}"', "")
