"""The games that the simulated vendors deliver: all invented."""
# ruff: noqa: E501 - a table reads best with a game a line

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

from apps.sandbox.vendors.paytable import Paytable, paytable

# Names of drawings in symbols.svg, for the cheapest prize first.
SYMBOL_SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fruit": ("cherry", "lemon", "plum", "leaf", "bell", "star", "diamond", "seven", "crown"),
        "sea": ("drop", "wave", "moon", "anchor", "star", "bolt", "heart", "diamond", "crown"),
        "forest": ("leaf", "cherry", "drop", "moon", "flame", "star", "heart", "diamond", "crown"),
        "space": ("moon", "planet", "star", "bolt", "flame", "diamond", "heart", "seven", "crown"),
        "fire": ("flame", "leaf", "drop", "star", "bell", "bolt", "diamond", "seven", "crown"),
        "ice": ("snow", "drop", "leaf", "moon", "planet", "star", "heart", "diamond", "crown"),
        "cards": ("club", "spade", "heart", "bell", "star", "bolt", "diamond", "seven", "crown"),
    }
)


@dataclass(frozen=True, slots=True)
class VendorGame:
    """One game. `rtp_basis_points` lists its variants, the one we are connected with first."""

    code: str
    title: str
    studio: str
    category: str
    symbol_set: str
    volatility: int
    rtp_basis_points: tuple[int, ...]
    features: tuple[str, ...] = ()
    blocked_countries: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ("desktop", "mobile")
    is_new: bool = False
    """The vendor lists it, and the platform has not catalogued it yet."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Cheapest first."""
        return SYMBOL_SETS[self.symbol_set]

    @property
    def certifications(self) -> tuple[str, ...]:
        """Regulators for whom it is certified, in Hub88's words."""
        return ("GGL", "MGA", "SGA", "UKGC") if self.category in {"slot", "crash"} else ()

    @property
    def rtp_percent(self) -> str:
        """Of the variant in play, for people."""
        return f"{self.rtp_basis_points[0] / 100:.2f}"


STUDIOS: Mapping[str, str] = MappingProxyType(
    {
        "northlight": "Northlight Games",
        "copper-fox": "Copper Fox Studio",
        "tidewater": "Tidewater Interactive",
        "lantern-lane": "Lantern Lane",
        "halfmoon": "Halfmoon Works",
        "glasshouse": "Glasshouse Live",
        "flickwise": "Flickwise",
        "ravenfold": "Ravenfold",
    }
)


# Vendors have him lately; the platform enters him when it takes his first game.
_STUDIO_NAMES: Mapping[str, str] = MappingProxyType({**STUDIOS, "pinewood": "Pinewood Play"})


def studio_name(code: str) -> str:
    """The maker's name as vendors write it."""
    return _STUDIO_NAMES[code]


def released_on(vendor: str, code: str) -> date:
    """When a game came out: one after the other, from 2024 on."""
    return date(2024, 1, 15) + timedelta(days=37 * list(GAMES[vendor]).index(code))


def _games(*rows: VendorGame) -> Mapping[str, VendorGame]:
    return MappingProxyType({game.code: game for game in rows})


GAMES: Mapping[str, Mapping[str, VendorGame]] = MappingProxyType(
    {
        "hub88": _games(
            VendorGame("nlg_auroranights", "Aurora Nights", "northlight", "slot", "ice", 3, (9600, 9400, 9200), ("free_spins", "wilds")),
            VendorGame("nlg_polarexpress", "Polar Night Run", "northlight", "slot", "ice", 4, (9600, 9450), ("multipliers",)),
            VendorGame("nlg_fjordgold", "Fjord Gold", "northlight", "slot", "sea", 2, (9650, 9400), ("wilds",)),
            VendorGame("nlg_midnightsun", "Midnight Sun Wins", "northlight", "slot", "fruit", 2, (9600,), ("respins",)),
            VendorGame("cfx_foxtrail", "Copper Fox Trail", "copper-fox", "slot", "forest", 3, (9610, 9410), ("free_spins",)),
            VendorGame("cfx_owlmoon", "Owl Moon", "copper-fox", "slot", "forest", 5, (9620, 9420), ("free_spins", "multipliers")),
            VendorGame("cfx_emberdragon", "Ember Dragon", "copper-fox", "slot", "fire", 5, (9600, 9400), ("jackpot",), ("DE",)),
            VendorGame("cfx_chiliroad", "Chili Road", "copper-fox", "slot", "fire", 4, (9580,), ("wilds",)),
            VendorGame("hmw_starcourier", "Star Courier", "halfmoon", "crash", "space", 5, (9700,), ("multipliers",), ("DE", "SE")),
            VendorGame("hmw_nebula9", "Nebula Nine", "halfmoon", "slot", "space", 4, (9600, 9200), ("respins", "wilds")),
            VendorGame("hmw_quietorbit", "Quiet Orbit", "halfmoon", "instant", "space", 1, (9550,)),
            VendorGame("hmw_royaldeal", "Royal Deal", "halfmoon", "table", "cards", 1, (9700,), (), ("DE",)),
            VendorGame("hmw_velvethearts", "Velvet Hearts", "halfmoon", "table", "cards", 2, (9680,)),
            VendorGame("nlg_northernstar", "Northern Star", "northlight", "slot", "ice", 4, (9600,), ("free_spins",), is_new=True),
            VendorGame("pwp_timberrush", "Timber Rush", "pinewood", "slot", "forest", 5, (9620,), ("multipliers",), ("DE",), is_new=True),
        ),
        "caleta": _games(
            VendorGame("tdw_torchoftides", "Torch of Tides", "tidewater", "slot", "sea", 3, (9600, 9300), ("free_spins",)),
            VendorGame("tdw_pearlbingo", "Pearl Bingo", "tidewater", "bingo", "sea", 2, (9500,), ("extra_balls",)),
            VendorGame("tdw_krakenkeno", "Kraken Keno", "tidewater", "instant", "sea", 3, (9400,)),
            VendorGame("tdw_captainscove", "Captain's Cove", "tidewater", "slot", "sea", 4, (9600, 9400), ("wilds", "respins")),
            VendorGame("tdw_reefriches", "Reef Riches", "tidewater", "slot", "sea", 2, (9620,)),
            VendorGame("lln_fruitlantern", "Fruit Lantern", "lantern-lane", "slot", "fruit", 1, (9600, 9500), ("classic",)),
            VendorGame("lln_sevenstreet", "Seven Street", "lantern-lane", "slot", "fruit", 3, (9600,), ("classic", "respins")),
            VendorGame("lln_lemonparade", "Lemon Parade", "lantern-lane", "slot", "fruit", 2, (9560, 9360), ("wilds",)),
            VendorGame("lln_bingobazaar", "Bingo Bazaar", "lantern-lane", "bingo", "fruit", 2, (9450,), ("extra_balls",), ("SE",)),
            VendorGame("lln_wolfhollow", "Wolf Hollow", "lantern-lane", "slot", "forest", 4, (9610,), ("free_spins",)),
            VendorGame("lln_snowscratch", "Snow Scratch", "lantern-lane", "instant", "ice", 1, (9300,), (), (), ("mobile",)),
            VendorGame("lln_acehotel", "Ace Hotel", "lantern-lane", "table", "cards", 1, (9690,), (), ("DE",)),
        ),
        "evolution": _games(
            VendorGame("glh_crystalwheel", "Crystal Wheel", "glasshouse", "live", "fruit", 3, (9608,), ("multipliers",)),
            VendorGame("glh_velvetblackjack", "Velvet Room 7", "glasshouse", "live", "cards", 1, (9700,), (), ("DE",)),
            VendorGame("glh_harbourroulette", "Harbour Roulette", "glasshouse", "live", "sea", 2, (9700,)),
        ),
        "swipegames": _games(
            VendorGame("sg_catchline", "Catch Line", "flickwise", "slot", "sea", 3, (9700, 9500, 9200), ("free_spins",)),
            VendorGame("sg_swiftcomet", "Swift Comet", "flickwise", "crash", "space", 5, (9700, 9500), ("multipliers",), ("DE", "SE")),
            VendorGame("sg_lemonflick", "Lemon Flick", "flickwise", "slot", "fruit", 2, (9500, 9000), ("free_spins", "wilds")),
        ),
        "valkyrie": _games(
            VendorGame("rvf_runestones", "Rune Stones", "ravenfold", "slot", "ice", 4, (9600, 9400), ("respins",)),
            VendorGame("rvf_longship", "Longship Haul", "ravenfold", "slot", "sea", 3, (9620,), ("free_spins",)),
            VendorGame("rvf_emberhall", "Ember Hall", "ravenfold", "slot", "fire", 5, (9600, 9300), ("multipliers",)),
        ),
    }
)  # fmt: skip

_FALLBACK_SYMBOLS = "fruit"


def game_of(vendor: str, code: str) -> VendorGame:
    """A game of the vendor; a code the catalogue does not have is played as a plain fruit machine of 96 %."""
    known = GAMES[vendor].get(code)
    return known or VendorGame(code, code, "halfmoon", "slot", _FALLBACK_SYMBOLS, 3, (9600,))


@cache
def paytable_of(vendor: str, code: str) -> Paytable:
    """The paytable of the variant in play."""
    game = game_of(vendor, code)
    return paytable(rtp_basis_points=game.rtp_basis_points[0], volatility=game.volatility, symbols=game.symbols)
