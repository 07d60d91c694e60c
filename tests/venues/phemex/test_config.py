"""What the adapter may be told, and that nothing secret is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.core.terms import Venue
from daemon.venues.errors import VenueSetupError
from daemon.venues.phemex.wire import PERP, SPOT
from tests.venues.phemex.builders import ETH, config


@pytest.mark.parametrize(
    ("venue", "kept_qty", "why"),
    [
        (Venue("phemex"), {}, "no market"),
        (PERP, {ETH: Decimal(0)}, "spot pairs"),
        (SPOT, {ETH: Decimal(-1)}, "0 or more"),
        (SPOT, {ETH: Decimal("NaN")}, "0 or more"),
    ],
)
def test_what_cannot_be_meant(venue: Venue, kept_qty: object, why: str) -> None:
    with pytest.raises(VenueSetupError, match=why):
        config(venue, kept_qty=kept_qty)


def test_key_and_secret_are_not_shown() -> None:
    shown = repr(config(SPOT))
    assert "phemex-test-key" not in shown
    assert "secret" not in shown.replace("kept_qty", "")
