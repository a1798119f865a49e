"""Which currencies exist, and how finely each is counted. No amounts and no exchange rates."""

from dataclasses import dataclass
from typing import Literal

FIAT_LEDGER_EXPONENT = 6
CRYPTO_LEDGER_EXPONENT = 8

# ISO 4217 list one as published on 2026-01-01, by number of decimals. Codes without minor units
# (metals, XDR, XSU, XTS, XUA, XXX, the bond-market units) are not money a player can hold.
_FIAT_BY_EXPONENT: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

# Decimals of each asset's own smallest unit, capped at the ledger's eight: an 18-decimal token is
# counted to 10^-8, and what is finer is refused at the border.
_CRYPTO_BY_EXPONENT: dict[int, str] = {
    4: "EOS",
    6: "ADA ALGO ATOM TRX USDC USDT XRP XTZ",
    7: "XLM",
    8: (
        "AAVE APE AVAX BCH BNB BTC BUSD DAI DASH DOGE DOT ETC ETH FIL LINK LTC MATIC NEAR PEPE POL "
        "SHIB SOL TON UNI WBTC XMR ZEC"
    ),
}


class MoneyError(ValueError):
    """Root of everything that can be wrong with an amount or its currency."""


class UnknownCurrency(MoneyError):
    """The code is neither an active ISO 4217 currency nor a listed crypto asset."""

    def __init__(self, code: object) -> None:
        super().__init__(f"unknown currency {code!r:.40}")
        self.code = code


@dataclass(frozen=True, slots=True)
class CurrencySpec:
    """
    One currency.

    ``exponent`` is the number of decimals people and vendors use (JPY 0, EUR 2, BTC 8);
    ``ledger_exponent`` is the number of decimals the ledger counts (fiat 6, crypto 8).
    """

    code: str
    exponent: int
    ledger_exponent: int
    kind: Literal["fiat", "crypto"]

    @property
    def ledger_scale(self) -> int:
        """Ledger units in one main unit: 1_000_000 for fiat, 100_000_000 for crypto."""
        return int(10**self.ledger_exponent)


def _table() -> dict[str, CurrencySpec]:
    specs: dict[str, CurrencySpec] = {}
    for exponent, codes in _FIAT_BY_EXPONENT.items():
        for code in codes.split():
            specs[code] = CurrencySpec(code, exponent, FIAT_LEDGER_EXPONENT, "fiat")
    for exponent, codes in _CRYPTO_BY_EXPONENT.items():
        for code in codes.split():
            specs[code] = CurrencySpec(code, exponent, CRYPTO_LEDGER_EXPONENT, "crypto")
    return specs


CURRENCIES: dict[str, CurrencySpec] = _table()


def currency_spec(code: str) -> CurrencySpec:
    """
    Look a currency up by its upper-case code.

    :raises UnknownCurrency: for anything not in the table, play money (FUN, XXX) included
    """
    try:
        return CURRENCIES[code]
    except (KeyError, TypeError):
        raise UnknownCurrency(code) from None
