"""Order books of both markets, by frame and by REST."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from daemon.core.events import Quote, QuoteSource, Undecodable
from daemon.core.terms import Symbol
from daemon.venues.decoding import UnreadableError
from daemon.venues.phemex.book_wire import BookUpdate, decode_book, decode_quote, decode_whole
from tests.venues.phemex.builders import (
    AT_NS,
    ETH,
    PERP_STAMP,
    PERPS,
    SOL,
    SPOT_STAMP,
    SPOTS,
    frame,
)

D = Decimal


def test_a_perpetuals_snapshot_and_its_changes() -> None:
    assert decode_book(frame("ws_orderbook_p"), PERPS) == BookUpdate(
        symbol=SOL,
        bids=((D("142.28"), D(21)), (D("142.25"), D("3.5"))),
        asks=((D("142.3"), D(7)), (D("142.31"), D("40.2"))),
        whole=True,
        depth=30,
        sequence=91500100,
        sent_ns=AT_NS,
    )
    change = decode_book(frame("ws_orderbook_p_change"), PERPS)
    assert (change.whole, change.bids) == (False, ((D("142.28"), D(0)),))


def test_spot_levels_are_scaled() -> None:
    book = decode_book(frame("ws_orderbook"), SPOTS)
    assert book.bids == ((D(2500), D("0.2")),)
    assert book.asks == ((D("2500.1"), D("0.4")),)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ws_orderbook_p", {"type": "rumour"}),
        ("ws_orderbook_p", {"orderbook_p": None}),
        ("ws_orderbook_p", {"orderbook_p": {"asks": [["0", "1"]], "bids": []}}),
        ("ws_orderbook_p", {"orderbook_p": {"asks": [["1", "-1"]], "bids": []}}),
        ("ws_orderbook_p", {"orderbook_p": {"asks": [["1"]], "bids": []}}),
        ("ws_orderbook_p", {"symbol": ""}),
        ("ws_orderbook", {"book": {"asks": [[1.5, 1]], "bids": []}}),
        ("ws_orderbook", {"book": {"asks": [[1, -1]], "bids": []}}),
        ("ws_orderbook", {"symbol": "sNEWUSDT"}),
    ],
)
def test_a_book_that_cannot_be_read(name: str, changes: dict[str, object]) -> None:
    raw = json.dumps({**json.loads(frame(name)), **changes}).encode()
    with pytest.raises(UnreadableError):
        decode_book(raw, SPOTS)


def test_the_rest_book_as_a_quote() -> None:
    assert decode_quote(PERP_STAMP, SOL, frame("perp_orderbook"), PERPS) == Quote(
        **PERP_STAMP,
        symbol=SOL,
        bid_px=D("142.28"),
        bid_qty=D(21),
        ask_px=D("142.3"),
        ask_qty=D(7),
        source=QuoteSource.REST,
        venue_time_ns=AT_NS,
    )
    spot = decode_quote(SPOT_STAMP, ETH, frame("spot_orderbook"), SPOTS)
    assert isinstance(spot, Quote)
    assert (spot.bid_px, spot.ask_px, spot.ask_qty) == (D(2500), D("2500.1"), D("0.4"))


def test_its_levels() -> None:
    book = decode_whole(SOL, frame("perp_orderbook"), PERPS)
    assert book.bids == ((D("142.25"), D("3.5")), (D("142.28"), D(21)))
    spot = decode_whole(ETH, frame("spot_orderbook"), SPOTS)
    assert spot.asks == ((D("2500.1"), D("0.4")), (D("2500.2"), D("1E-8")))


def test_an_empty_side_has_no_price() -> None:
    body = json.loads(frame("perp_orderbook"))
    body["result"]["orderbook_p"] = {"asks": [["142.3", "0"]], "bids": []}
    quote = decode_quote(PERP_STAMP, SOL, json.dumps(body).encode(), PERPS)
    assert isinstance(quote, Quote)
    assert (quote.bid_px, quote.ask_px, quote.ask_qty) == (None, None, D(0))


@pytest.mark.parametrize(
    ("symbol", "changes"),
    [
        (SOL, {"orderbook_p": {"asks": [["142.2", "1"]], "bids": [["142.2", "1"]]}}),
        (SOL, {"type": "incremental"}),
        (Symbol("XRPUSDT"), {}),
        (SOL, None),
    ],
)
def test_an_answer_that_is_no_price(symbol: Symbol, changes: dict[str, object] | None) -> None:
    body = json.loads(frame("perp_orderbook"))
    if changes is None:
        body = {"error": {"code": 6001, "message": "invalid argument"}, "id": 0, "result": None}
    else:
        body["result"].update(changes)
    assert isinstance(
        decode_quote(PERP_STAMP, symbol, json.dumps(body).encode(), PERPS), Undecodable
    )
