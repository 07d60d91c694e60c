"""A first configuration for chosen venues: lines of the documented file, and a rule as an example.

It holds no secret: it says where each one goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args

from daemon.settings.accounts import AnyVenue, CryptoVenue, SpotVenue
from daemon.settings.errors import SettingsError
from daemon.settings.sources import suggestion
from daemon.settings.written import Entry, entries

VENUES: Final[tuple[AnyVenue, ...]] = ("kalshi", *get_args(CryptoVenue))
_SPOT: Final[tuple[SpotVenue, ...]] = get_args(SpotVenue)
_KEPT: Final = (
    *("key_id", "private_key_file", "private_key", "api_key", "api_secret", "passphrase"),
    *("dialect", "account", "subaccount", "place_live_orders"),
)
_HEAD: Final = """\
# filld: a first configuration. `filld config-schema` has every other key with its default.
# 1. Fill in the keys; secrets go where the comments say, never into this file.
# 2. Write the rules at the end. Prices are those of the side held.
# 3. `filld check-config`, `filld doctor`, then `filld run`. Watch it for a day with
#    place_live_orders = false: exits are recorded and not sent.
"""


class _Example(NamedTuple):
    symbol: str
    level: str
    value: str
    meaning: str


_KALSHI: Final = _Example("KXNFLGAME-*", "stop_px", "0.60", "out at this price or worse")
_COINS: Final = _Example("BTC*", "trailing_percent", "3", "per cent below the best price seen")
_PHEMEX_SPOT: Final = _COINS._replace(symbol="sBTC*")


def venues_of(names: Sequence[str]) -> tuple[AnyVenue, ...]:
    """The venues of these names (`binance_usdm` is as good as `binance-usdm`), each once.

    Raises SettingsError with a suggestion.
    """
    found: dict[AnyVenue, None] = {}
    for name in names or ("kalshi",):
        venue = next((one for one in VENUES if one == name.replace("_", "-")), None)
        if venue is None:
            raise SettingsError([f"--venue {name}: unknown venue; {suggestion(name, VENUES)}"])
        found[venue] = None
    return tuple(found)


def starter(venues: Sequence[AnyVenue]) -> str:
    """The text of the file."""
    words = entries()
    blocks = [_HEAD]
    blocks += [_section(venue.replace("-", "_"), words, _KEPT) for venue in venues]
    blocks.append(_section("journal", words, ("path", "state_dir", "key")))
    blocks.append(_section("alerts", words, ("webhook_url", "command")))
    blocks.append("# Rules: the first matching one of each kind counts; one level in each.\n")
    for venue in venues:
        blocks += _examples(venue)
    return "\n".join(blocks)


def _section(name: str, words: Mapping[str, Entry], keys: Sequence[str]) -> str:
    found = [words[f"{name}.{key}"] for key in keys if f"{name}.{key}" in words]
    return "\n".join([f"[{name}]", *(line for entry in found for line in entry.lines), ""])


def _examples(venue: AnyVenue) -> list[str]:
    example = _COINS
    if venue == "kalshi":
        example = _KALSHI
    elif venue == "phemex-spot":
        example = _PHEMEX_SPOT
    rule = _commented(
        "[[stops]]",
        f'venue = "{venue}"',
        f'symbol = "{example.symbol}"  # a glob',
        f'{example.level} = "{example.value}"  # {example.meaning}',
    )
    if venue not in _SPOT:
        return [rule]
    holding = _commented(
        "[[holdings]]  # a balance does not say what it was bought for",
        f'venue = "{venue}"',
        f'symbol = "{example.symbol.replace("*", "USDT")}"  # its base coin is guarded',
        'kept_qty = "0"  # but for this much',
    )
    return [rule, holding]


def _commented(*lines: str) -> str:
    return "".join(f"# {line}\n" for line in lines)
