"""What a key may do, as far as a venue tells its owner. Knows no venue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """`trade`, `withdraw`: None where the venue does not tell. `tier`: what may be asked how often.

    `bound`: the key works from listed addresses only.
    """

    trade: bool | None = None
    withdraw: bool | None = None
    bound: bool | None = None
    tier: str = ""
