"""Which adapter speaks for which register: one line each. The key is an integration's `vendor`."""

from apps.safer_play.registers.contract import RegisterAdapter
from apps.safer_play.registers.gamstop import Gamstop
from apps.safer_play.registers.gateway import Gateway

ADAPTERS: dict[str, RegisterAdapter] = {
    "gamstop": Gamstop(),
    "register-gateway": Gateway(),
}
