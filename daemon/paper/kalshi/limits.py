"""Token buckets by tier, and what each request costs. It knows no socket; time comes in as ns."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.paper.clock import SECOND_NS

# Tier -> tokens a second (read, write) and seconds of burst (read, write).
TIERS: dict[str, tuple[int, int, int, int]] = {
    "basic": (200, 100, 3, 1),
    "advanced": (300, 300, 3, 3),
    "expert": (600, 600, 1, 3),
    "premier": (1200, 1200, 1, 3),
    "paragon": (2400, 2400, 1, 3),
    "prime": (4800, 4800, 1, 3),
    "prestige": (12_000, 9_600, 1, 3),
}
DEFAULT_COST = 10
_PREFIX = "/trade-api/v2"
# Requests that do not cost the default. Batches cost this for each item.
COSTS: dict[tuple[str, str], int] = {
    ("DELETE", "/portfolio/events/orders/{order_id}"): 2,
    ("DELETE", "/portfolio/events/orders/batched"): 2,
    ("DELETE", "/portfolio/events/orders"): 2,
    ("GET", "/portfolio/orders/{order_id}"): 2,
    ("POST", "/account/api_usage_level/upgrade"): 30,
}


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at `rate` a second, `capacity` at most. Counted in token-ns."""

    rate: int
    capacity: int
    level_ns: int = -1
    read_ns: int = 0

    def take(self, tokens: int, now_ns: int) -> bool:
        """Pay, or leave the bucket as it is and say no."""
        full = self.capacity * SECOND_NS
        if self.level_ns < 0:
            self.level_ns = full
        else:
            self.level_ns = min(full, self.level_ns + (now_ns - self.read_ns) * self.rate)
        self.read_ns = now_ns
        if self.level_ns < tokens * SECOND_NS:
            return False
        self.level_ns -= tokens * SECOND_NS
        return True


class Limits:
    """Every account's three buckets: read, write, and one for the balance alone."""

    def __init__(self) -> None:
        self._tiers: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def set_tier(self, account: str, tier: str) -> None:
        """Give an account the buckets of a tier, full."""
        read, write, read_s, write_s = TIERS[tier]
        balance = 1 if tier in ("basic", "advanced") else 5
        self._tiers[account] = tier
        self._buckets[account, "read"] = Bucket(read, read * read_s)
        self._buckets[account, "write"] = Bucket(write, write * write_s)
        self._buckets[account, "balance"] = Bucket(balance, 1)

    def tier(self, account: str) -> str:
        """The account's tier."""
        return self._tiers[account]

    def bucket(self, account: str, kind: str) -> Bucket:
        """One of an account's buckets: read, write or balance."""
        return self._buckets[account, kind]

    def allows(self, account: str, method: str, path: str, items: int, now_ns: int) -> bool:
        """Pay for a request; `path` is the route's pattern without /trade-api/v2."""
        if path == "/portfolio/balance":
            return self._buckets[account, "balance"].take(1, now_ns)
        kind = "read" if method == "GET" else "write"
        cost = COSTS.get((method, path), DEFAULT_COST) * items
        return self._buckets[account, kind].take(cost, now_ns)


def costs_view() -> dict[str, object]:
    """The answer of /account/endpoint_costs."""
    rows = [
        {"method": method, "path": _PREFIX + path, "cost": cost}
        for (method, path), cost in COSTS.items()
    ]
    return {"default_cost": DEFAULT_COST, "endpoint_costs": rows}
