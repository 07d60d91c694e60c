"""Export and import: the same again, or refused with the place that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fill_handler import FillHandler, StateError, create_fill_handler
from daemon.fill_handler.ledger import Ledger
from daemon.fill_handler.merging import Beside, ImportReport, Known, rehearse
from daemon.fill_handler.portable import State, export, steps_of
from tests.fill_handler import samples
from tests.fill_handler.samples import Counting, placed, stands


async def handler(**config: object) -> FillHandler:
    return await create_fill_handler(config, clock=Counting())


async def filled(*records: object, **config: object) -> State:
    async with await handler(**config) as made:
        await made.process(list(records))
        return made.export_state()


RECORDS = st.lists(
    st.one_of(
        st.builds(
            placed,
            st.sampled_from(["91", "92", "93"]),
            st.integers(1, 40),
            st.just("1"),
            st.just("100.50"),
        ),
        st.builds(
            lambda name, trade, status: placed(
                name, trade, "1", "100.50", order=stands("4", "1", status)
            ),
            st.sampled_from(["91", "92", "93"]),
            st.integers(1, 40),
            st.sampled_from(["PARTIALLY_FILLED", "FILLED", "EXPIRED", "CANCELED"]),
        ),
        st.sampled_from([samples.BITGET, samples.PHEMEX, samples.frame("binance", "usdm_new")]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(RECORDS, st.integers(1, 12))
async def test_an_import_of_an_export_is_the_same_again(records: list[object], limit: int) -> None:
    async with await handler(fill_history_limit=limit) as made:
        await made.process(records)
        state = json.loads(json.dumps(made.export_state()))
        before = (made.orders(), made.get_fill_statistics())
    async with await handler(fill_history_limit=limit) as again:
        await again.import_state(state)
        assert again.export_state() == state
        assert again.orders() == before[0]
        assert {**again.get_fill_statistics(), "duplicate_fills": 0} == {
            **before[1],
            "duplicate_fills": 0,
        }
        report = await again.import_state(state)  # twice is once
        assert report.new_fills == 0
        assert again.export_state() == state


async def test_an_older_word_on_an_overfilled_order_is_no_news_twice() -> None:
    """A repeated snapshot once set the size of an order that had been filled beyond it."""
    records = [
        placed("91", 3, "1", order=stands("4", "1", "PARTIALLY_FILLED")),
        placed("91", 5, "1", order=stands("4", "1", "CANCELED")),
        *(placed("91", trade, "1") for trade in (1, 6, 2)),
    ]
    state = await filled(*records)
    async with await handler() as made:
        await made.import_state(state)
        await made.import_state(state)
        assert made.export_state() == state
        assert made.get_order_state("91").original_amount == 4


async def test_a_journal_keeps_what_was_imported(tmp_path: Path) -> None:
    state = await filled(samples.BINANCE, samples.BITGET)
    async with await handler(journal=tmp_path / "fills.db") as made:
        report = await made.import_state(state)
        assert report == ImportReport(new_fills=2, known_fills=0, new_orders=2)
    async with await handler(journal=tmp_path / "fills.db") as made:
        assert made.export_state() == state


async def test_two_exports_merge() -> None:
    one = await filled(samples.BINANCE, samples.BITGET)
    other = await filled(samples.BITGET, samples.PHEMEX)
    async with await handler() as made:
        await made.import_state(one)
        report = await made.import_state(other)
        assert (report.new_fills, report.known_fills, report.new_orders) == (1, 1, 1)
        assert made.get_fill_statistics()["total_fills_processed"] == 3


async def test_a_contradiction_is_told_and_nothing_is_taken() -> None:
    state = await filled(samples.PHEMEX, {**samples.BITGET, "fillPrice": "50999"})
    async with await handler() as made:
        await made.process(samples.BITGET)
        before = made.export_state()
        dry = await made.import_state(state, dry_run=True)
        line = "order 456789123: fill 321654987: last_px: known 51000.00, now 50999"
        assert dry.contradictions == (line,)
        assert dry.dry_run
        with pytest.raises(StateError, match=line):
            await made.import_state(state)
        assert made.export_state() == before


async def test_a_dry_run_changes_nothing() -> None:
    state = await filled(samples.PHEMEX)
    async with await handler() as made:
        report = await made.import_state(state, dry_run=True)
        assert (report.new_fills, report.dry_run) == (1, True)
        assert made.orders() == []


async def test_replacing_takes_the_place_and_keeps_the_old_file(tmp_path: Path) -> None:
    state = await filled({**samples.BITGET, "fillPrice": "50999"})
    path = tmp_path / "fills.db"
    async with await handler(journal=path) as made:
        await made.process([samples.BITGET, samples.PHEMEX])
        await made.import_state(state, replace=True)
        assert made.export_state() == state
    async with await handler(journal=path) as made:
        assert made.export_state() == state
    (kept,) = tmp_path.glob("fills.db.replaced-*")
    async with await handler(journal=kept) as made:
        assert made.get_fill_statistics()["total_fills_processed"] == 2


async def test_sums_without_their_orders_are_not_added_to_others(tmp_path: Path) -> None:
    done = [placed(str(n), n + 1, "1", order=stands("1", "1", "FILLED")) for n in range(3)]
    state = await filled(*done, fill_history_limit=1)
    async with await handler() as made:
        await made.process(samples.BITGET)
        with pytest.raises(StateError, match="has let go of 2 orders"):
            await made.import_state(state)
    async with await handler(journal=tmp_path / "fills.db") as made:
        with pytest.raises(StateError, match="only their sums"):
            await made.import_state(state)


def _set(state: State, *path: object) -> State:
    *keys, last, value = path
    spot: object = state
    for key in keys:
        spot = spot[key]  # type: ignore[index] # of this one form
    spot[last] = value  # type: ignore[index]
    return state


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("format", "other"), "format: is 'other'"),
        (("version", 2), "version: is 2"),
        (("more", 1), "more: is missing, or no part"),
        (("steps", 0, 1, "last_px", "1"), "checksum: does not match"),
        (("checksum", "0"), "checksum: does not match"),
        (("tally", "fills", 7), "checksum: does not match"),
    ],
)
async def test_what_is_not_whole_is_refused(path: tuple[object, ...], said: str) -> None:
    state = _set(json.loads(json.dumps(await filled(samples.BITGET))), *path)
    async with await handler() as made:
        with pytest.raises(StateError, match=said):
            await made.import_state(state)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("steps", 3), "steps: is no list"),
        (("steps", 0, 3), r"steps\[0\]: is no step"),
        (("steps", 0, 0, "Nothing"), r"steps\[0\]: is no step"),
        (("steps", 0, 1, "last_px", "one"), r"steps\[0\] Fill: Invalid decimal"),
        (("steps", 0, 2, [["Nothing", {}]]), r"steps\[0\]: holds what is no decision"),
        (("tally", {"fills": "x"}), "tally: Expected"),
    ],
)
async def test_a_wrong_part_is_named(path: tuple[object, ...], said: str) -> None:
    """Even where the checksum is right: it proves no sense."""
    state = _set(json.loads(json.dumps(await filled(samples.BITGET))), *path)
    body = {key: value for key, value in state.items() if key != "checksum"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("daemon.fill_handler.portable._checksum", lambda _: state["checksum"])
        with pytest.raises(StateError, match=said):
            steps_of({**body, "checksum": state["checksum"]})


async def test_a_rehearsal_counts_orders() -> None:
    steps, tally = steps_of(await filled(samples.BITGET, samples.PHEMEX))
    report = rehearse(Beside(Known(Ledger())), steps)
    assert (report.new_orders, report.new_fills) == (2, 2)
    assert export(steps, tally) == await filled(samples.BITGET, samples.PHEMEX)
