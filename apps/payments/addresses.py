"""Whether something is an address on a chain: money sent to one with a wrong letter is lost."""

import hashlib
import re

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_CHECK, _BECH32M_CHECK = 1, 0x2BC830A3
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# First byte of a base58 address, and the first part of a bech32 one.
_BITCOIN = (frozenset({0x00, 0x05}), "bc")
_LITECOIN = (frozenset({0x30, 0x32, 0x05}), "ltc")
_PLAIN = re.compile(r"[A-Za-z0-9]{20,100}", re.ASCII)
_KNOWN = {"BTC": _BITCOIN, "LTC": _LITECOIN}


def is_address(text: str, currency: str) -> bool:
    """Check an address by its checksum; for a currency whose rules we do not know, only by its letters."""
    if not _PLAIN.fullmatch(text):
        return False
    known = _KNOWN.get(currency)
    if known is None:
        return True
    versions, prefix = known
    return _is_base58(text, versions) or _is_bech32(text, prefix)


def _is_base58(text: str, versions: frozenset[int]) -> bool:
    number = 0
    for letter in text:
        if letter not in _BASE58:
            return False
        number = number * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
    payload, check = raw[:-4], raw[-4:]
    twice = hashlib.sha256(hashlib.sha256(payload).digest()).digest()
    return len(payload) == 21 and twice[:4] == check and payload[0] in versions  # noqa: PLR2004 - version and hash160


def _is_bech32(text: str, prefix: str) -> bool:
    """BIP 173 and 350: witness version 0 has the old checksum, later ones the new."""
    if text not in (text.lower(), text.upper()):
        return False
    human, separator, data = text.lower().rpartition("1")
    if not separator or human != prefix or any(letter not in _BECH32 for letter in data):
        return False
    values = [_BECH32.index(letter) for letter in data]
    expanded = [ord(each) >> 5 for each in human] + [0] + [ord(each) & 31 for each in human]
    wanted = _BECH32_CHECK if values[0] == 0 else _BECH32M_CHECK
    bits = len(values[1:-6]) * 5
    program = bits // 8
    sizes = (20, 32) if values[0] == 0 else range(2, 41)
    return _polymod(expanded + values) == wanted and values[0] <= 16 and program in sizes  # noqa: PLR2004 - versions


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            check ^= generator if top >> place & 1 else 0
    return check
