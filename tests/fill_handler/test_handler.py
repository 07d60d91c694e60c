"""The handler as a program uses it: fills in, states out, once each, within its limits."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import UnknownOrderError
from daemon.fill_handler import (
    BadInputError,
    FillConflictError,
    FillError,
    FillHandler,
    UnknownFormatError,
    UnreadableFillError,
    as_dict,
    create_fill_handler,
    process_exchange_fill,
)
from daemon.fill_handler.detect import decode
from daemon.fill_handler.handler import FillHandler as Made
from daemon.journal.errors import JournalError
from tests.fill_handler import samples
from tests.fill_handler.samples import Counting, D, placed, stands


async def handler(**config: object) -> FillHandler:
    return await create_fill_handler(config, clock=Counting())


async def test_an_answer_of_binance_may_have_its_order_id_as_text() -> None:
    """With the order's own state beside the fills it was refused, without it was taken."""
    answer = {**placed("91", 1, "1", order=stands("4", "1", "PARTIALLY_FILLED")), "orderId": "91"}
    async with await create_fill_handler() as made:
        await made.process(answer)
        assert made.get_order_state("91").original_amount == 4
        for wrong in ("091", "1e2", "x"):
            with pytest.raises(FillError):
                await made.process({**answer, "orderId": wrong})


async def test_the_seed_samples_are_three_orders() -> None:
    async with await handler() as made:
        assert isinstance(made, Made)
        for sample in (samples.BINANCE, samples.BITGET, samples.PHEMEX):
            (fill,) = await process_exchange_fill(made, sample)
            assert not fill.duplicate
        stats = made.get_fill_statistics()
        assert (
            stats["total_fills_processed"] == stats["total_orders"] == stats["active_orders"] == 3
        )
        assert stats["total_fees"] == {"BTC": D("0.000001"), "USDT": D("0.258")}
        assert f"{stats['completion_rate']:.2f}" == "0.00"
        assert stats["average_fill_time"] is None
        state = made.get_order_state("123456789")
        assert (state.exchange, state.side, state.status) == (
            "binance-spot",
            "buy",
            "partially_filled",
        )
        assert (state.original_amount, state.remaining_amount) == (None, None)
        assert (state.filled_amount, state.average_price) == (D("0.001"), D("50000"))


async def test_a_fill_counts_once_and_says_so() -> None:
    async with await handler() as made:
        first = await made.process_fill_event(samples.BITGET)
        again = await made.process_fill_event(json.dumps(samples.BITGET))
        assert (first.duplicate, again.duplicate) == (False, True)
        assert made.get_order_state("456789123").filled_amount == D("0.002")
        stats = made.get_fill_statistics()
        assert (stats["total_fills_processed"], stats["duplicate_fills"]) == (1, 1)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("baseVolume", "0.003", "last_qty: known 0.002, now 0.003"),
        ("fillPrice", "51001", "last_px: known 51000.00, now 51001"),
        ("fillFee", "0.2", "commission: known 0.102, now 0.2"),
        ("fillFeeCoin", "BGB", "commission_currency: known USDT, now BGB"),
        ("side", "BUY", "side: known sell, now buy"),
    ],
)
async def test_the_same_fill_with_another_content_is_refused(
    field: str, value: str, said: str
) -> None:
    async with await handler() as made:
        await made.process(samples.BITGET)
        with pytest.raises(FillConflictError, match=f"order 456789123.*{said}: the first one"):
            await made.process({**samples.BITGET, field: value})
        assert made.get_order_state("456789123").filled_amount == D("0.002")
        assert made.get_fill_statistics()["conflicting_fills"] == 1


async def test_nothing_of_a_list_is_taken_when_one_is_in_no_known_form() -> None:
    async with await handler() as made:
        with pytest.raises(UnknownFormatError):
            await made.process([samples.BITGET, {"x": 1}])
        assert made.get_fill_statistics()["total_orders"] == 0


async def test_each_of_a_batch_stands_alone() -> None:
    async with await handler() as made:
        results = await made.process_each(
            [samples.BITGET, {"x": 1}, {**samples.BITGET, "fillFee": "9"}, samples.PHEMEX]
        )
        kinds = [type(one).__name__ for one in results]
        assert kinds == ["tuple", "UnknownFormatError", "FillConflictError", "tuple"]
        assert made.get_fill_statistics()["total_fills_processed"] == 2


async def test_one_fill_is_asked_for_and_one_is_given() -> None:
    async with await handler() as made:
        with pytest.raises(UnknownFormatError, match="holds 2 fills"):
            await made.process_fill_event(samples.frame("binance", "spot_order_full"))  # type: ignore[arg-type]
        fill = decode(samples.context(), samples.BITGET).fills[0]
        assert (await made.process_fill_event(fill)).trade_id == "321654987"


async def test_a_partial_fill_says_what_is_left_and_when_to_order_it_again() -> None:
    async with await handler() as made:
        first = placed("1", 11, "2", "100", order=stands("5", "2", "PARTIALLY_FILLED"))
        result = await made.handle_partial_fill("1", first)
        assert (result.filled, result.remaining, result.is_complete) == (D(2), D(3), False)
        assert result.resubmit is None  # what may still fill is never ordered again
        last = placed("1", 12, "1", "103", order=stands("5", "3", "EXPIRED"))
        result = await made.handle_partial_fill("1", last)
        assert result.average_price == D("101")
        assert result.fees == {"USDT": D("0.2")}
        assert result.resubmit is not None
        assert (result.resubmit.amount, result.resubmit.side) == (D(2), "buy")
        assert result.order.status == "expired"
        again = await made.handle_partial_fill("1", last)
        assert (again.duplicate, again.filled) == (True, D(3))


async def test_a_complete_order_has_nothing_to_order_again() -> None:
    async with await handler() as made:
        done = placed("1", 11, "5", "100", order=stands("5", "5", "FILLED"))
        result = await made.handle_partial_fill("1", done)
        assert (result.is_complete, result.remaining, result.resubmit) == (True, D(0), None)
        stats = made.get_fill_statistics()
        assert (stats["completed_orders"], stats["active_orders"]) == (1, 0)
        assert stats["completion_rate"] == 1


async def test_a_fill_of_another_order_is_not_a_partial_fill_of_this_one() -> None:
    async with await handler() as made:
        with pytest.raises(FillConflictError, match="of order 456789123, not of 7"):
            await made.handle_partial_fill("7", samples.BITGET)
        with pytest.raises(BadInputError, match=r"order_id = \[\]: accepted: text"):
            await made.handle_partial_fill([], samples.BITGET)  # type: ignore[arg-type]
        assert made.orders() == []


async def test_an_order_can_be_told_of_before_its_fills() -> None:
    async with await handler(slippage_tolerance="0.01") as made:
        state = await made.track_order(
            "123456789",
            venue="binance-spot",
            symbol="BTCUSDT",
            side="buy",
            amount="0.004",
            price="49000",
        )
        assert (state.original_amount, state.remaining_amount) == (D("0.004"), D("0.004"))
        await made.process(samples.BINANCE)
        state = made.get_order_state("123456789")
        assert state.remaining_amount == D("0.003")
        assert (state.slippage, state.within_tolerance) == (D("0.020408"), False)
        told = {"venue": "binance-spot", "symbol": "X", "side": "buy", "amount": "1"}
        for name, wrong in (
            ("venue", "binance"), ("side", "up"), ("amount", "0"), ("amount", "much"),
            ("price", "NaN"),
        ):  # fmt: skip
            with pytest.raises(BadInputError, match=rf"{name} = '?{wrong}'?: accepted: "):
                await made.track_order("1", **{**told, name: wrong})


async def test_a_better_price_is_negative_slippage() -> None:
    async with await handler() as made:
        await made.process(placed("1", 11, "1", "100.899", order=stands("1", "1", "FILLED")))
        state = made.get_order_state("1")
        assert (state.slippage, state.within_tolerance) == (D("-0.001000"), True)


async def test_an_order_is_found_by_either_id_and_never_guessed() -> None:
    async with await handler() as made:
        await made.process(samples.frame("binance", "spot_trade_partial"))  # type: ignore[arg-type]
        assert made.get_order_state("fdabcdefghijklmnopqrstuvwxyz2345").symbol == "SOLUSDT"
        await made.process(placed("7", 1, "1"))
        await made.process(placed("7", 2, "1", symbol="BTCUSDT"))
        with pytest.raises(UnknownOrderError, match="say venue and symbol"):
            made.get_order_state("7")
        assert made.get_order_state("7", venue="binance", symbol="BTCUSDT").symbol == "BTCUSDT"
        with pytest.raises(UnknownOrderError, match="order 8: not known"):
            made.get_order_state("8")


async def test_news_of_an_order_without_a_fill_changes_its_state() -> None:
    async with await handler() as made:
        assert await made.process(samples.frame("binance", "usdm_new")) == ()  # type: ignore[arg-type]
        (state,) = made.orders(active=True)
        assert (state.status, state.filled_amount) == ("new", D(0))
        await made.process(samples.frame("binance", "usdm_canceled"))  # type: ignore[arg-type]
        assert made.orders(active=True) == []


async def test_memory_is_bounded_and_the_journal_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "fills.db"
    async with await handler(journal=path, fill_history_limit=10) as made:
        for n in range(30):
            await made.process(placed(str(n), 100 + n, "1", order=stands("1", "1", "FILLED")))
        assert len(made.orders()) == 10
        stats = made.get_fill_statistics()
        assert (stats["total_fills_processed"], stats["total_fees"]) == (30, {"USDT": D("3.0")})
        old = made.get_order_state("0")  # let go of, and read back
        assert (old.status, len(old.fills)) == ("filled", 1)
        (again,) = await made.process(placed("0", 100, "1"))
        assert again.duplicate
    async with await handler(journal=path, fill_history_limit=10) as made:
        reread = made.get_fill_statistics()
        assert reread == stats


async def test_an_order_at_work_is_never_let_go_of() -> None:
    async with await handler(fill_history_limit=1) as made:
        await made.process(placed("90", 1, "1", order=stands("9", "1", "PARTIALLY_FILLED")))
        for n in range(5):
            await made.process(placed(str(n), 10 + n, "1", order=stands("1", "1", "FILLED")))
        assert [state.order_id for state in made.orders()] == ["90", "4"]


async def test_an_ended_order_goes_after_its_age() -> None:
    clock = Counting()
    async with await create_fill_handler({"max_order_age_hours": 1}, clock=clock) as made:
        await made.process(placed("94", 1, "1", order=stands("1", "1", "FILLED")))
        clock.wall += 3_601_000_000_000
        await made.process(placed("95", 2, "1", order=stands("1", "1", "FILLED")))
        assert [state.order_id for state in made.orders()] == ["95"]
        assert made.get_fill_statistics()["total_orders"] == 2


async def test_completed_orders_can_be_cleared() -> None:
    async with await handler() as made:
        await made.process(placed("91", 1, "1", order=stands("1", "1", "FILLED")))
        await made.process(placed("92", 2, "1", order=stands("2", "1", "PARTIALLY_FILLED")))
        assert made.clear_completed_orders() == 1
        assert [state.order_id for state in made.orders()] == ["92"]
        assert made.get_fill_statistics()["total_fills_processed"] == 2


async def test_nothing_is_taken_after_the_end(tmp_path: Path) -> None:
    made = await handler(journal=tmp_path / "fills.db")
    await made.process(samples.BITGET)
    await made.close()
    await made.close()
    with pytest.raises(JournalError, match="closed"):
        await made.process(samples.PHEMEX)


async def test_a_journal_that_fails_ends_the_handler(tmp_path: Path) -> None:
    made = await handler(journal=tmp_path / "fills.db")
    assert made._journal is not None
    made._journal.abandon()
    with pytest.raises(JournalError):
        await made.process(samples.BITGET)
    with pytest.raises(JournalError, match="nothing more is taken"):
        await made.process(samples.BITGET)


async def test_spot_rows_of_phemex_want_their_scales() -> None:
    row = samples.frame("phemex", "spot_trades")
    async with await handler() as made:
        with pytest.raises(UnreadableFillError, match="set phemex_products"):
            await made.process(row)  # type: ignore[arg-type]
    products = (samples.VENUES / "phemex/frames/products.json").read_bytes()
    async with await handler(phemex_products=products) as made:
        (fill,) = await made.process(row)  # type: ignore[arg-type]
        assert (fill.exchange, fill.amount) == ("phemex-spot", D("0.6"))


async def test_a_state_is_plain_json() -> None:
    async with await handler() as made:
        await made.process(samples.BINANCE)
        plain = as_dict(made.get_order_state("123456789"))
        assert json.loads(json.dumps(plain)) == plain
        assert plain["average_price"] == "50000"


amounts = st.decimals(min_value="0.001", max_value="1000", places=3, allow_nan=False)
prices = st.decimals(min_value="0.01", max_value="100000", places=2, allow_nan=False)
fees = st.decimals(min_value="-1", max_value="1", places=6, allow_nan=False)


@given(
    st.lists(
        st.tuples(st.sampled_from(["91", "92", "93"]), amounts, prices, fees),
        min_size=1,
        max_size=12,
    )
)
async def test_sums_agree_with_fractions(
    fills: list[tuple[str, Decimal, Decimal, Decimal]],
) -> None:
    async with await handler() as made:
        for n, (order, qty, px, fee) in enumerate(fills, start=1):
            await made.process(placed(order, n, str(qty), str(px), str(fee)))
        paid = sum((Fraction(fee) for _, _, _, fee in fills), Fraction(0))
        stats = made.get_fill_statistics()
        assert isinstance(stats["total_fees"], dict)
        assert Fraction(stats["total_fees"]["USDT"]) == paid
        for order in {order for order, *_ in fills}:
            mine = [(Fraction(qty), Fraction(px)) for name, qty, px, _ in fills if name == order]
            total = sum((qty for qty, _ in mine), Fraction(0))
            state = made.get_order_state(order)
            assert Fraction(state.filled_amount) == total
            assert state.average_price is not None
            average = sum((qty * px for qty, px in mine), Fraction(0)) / total
            assert abs(Fraction(state.average_price) - average) <= Fraction(1, 2 * 10**10)
