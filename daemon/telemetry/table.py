"""The words of the log: one line per event and command class, literal and complete.

DEBUG is for looks and timers, INFO for changes, WARNING for what needs an eye, ERROR for what
needs a hand. The names of the ids (account, venue, symbol, order ids) are taken from every class
that has them and are not repeated here.
"""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from daemon.core import commands as co
from daemon.core import decisions as de
from daemon.core import estimates as es
from daemon.core import events as ev
from daemon.core import requests as rq

DEBUG: Final = logging.DEBUG
INFO: Final = logging.INFO
WARNING: Final = logging.WARNING
ERROR: Final = logging.ERROR


class Line(NamedTuple):
    """How a class is logged: constant event name, level, further fields.

    `per_minute`: so many lines of one account are written in a minute, the rest is counted; 1: the
    first one only, for as long as it goes on. 0: every one.
    """

    event: str
    level: int
    fields: tuple[str, ...] = ()
    per_minute: int = 0


EVENT_LINES: Final[dict[type[ev.Event], Line]] = {
    ev.OrderAccepted: Line("order_accepted", INFO, ("cum_qty",)),
    ev.OrderRejected: Line("order_rejected", WARNING, ("reason", "text")),
    ev.OrderInDoubt: Line("order_in_doubt", WARNING, ("reason", "text")),
    ev.OrderCanceled: Line("order_canceled", INFO, ("cum_qty", "text")),
    ev.OrderExpired: Line("order_expired", INFO, ("cum_qty",)),
    ev.CancelRejected: Line("cancel_rejected", WARNING, ("reason", "text")),
    ev.OrderSnapshot: Line(
        "order_read",
        DEBUG,
        ("side", "status", "order_qty", "cum_qty", "leaves_qty", "limit_px", "text"),
    ),
    ev.OrderAbsent: Line("order_absent", WARNING, ("as_of_ns",)),
    ev.Fill: Line(
        "fill",
        INFO,
        (
            "exec_id",
            "side",
            "last_qty",
            "last_px",
            "commission",
            "commission_currency",
            "liquidity",
            "position_qty",
            "cause",
            "transact_time_ns",
        ),
    ),
    ev.FillsRead: Line("fills_read", DEBUG, ("as_of_ns",)),
    ev.OrdersRead: Line("orders_read", DEBUG, ("resting", "as_of_ns")),
    ev.PositionSnapshot: Line("positions_read", DEBUG, ("as_of_ns",)),
    ev.MarketRead: Line("market_read", DEBUG, ("instrument", "phase", "settl_px")),
    ev.MarketChanged: Line("market_changed", INFO, ("phase", "close_time_ns", "settl_px")),
    ev.Funding: Line("funding", INFO, ("exec_id", "funding", "funding_currency", "position_side")),
    ev.MarginCall: Line("margin_call", WARNING, ("position_qty", "position_side", "mark_px")),
    ev.Settlement: Line("settlement", INFO, ("settl_px", "position_qty", "revenue")),
    ev.VenuePaused: Line("venue_paused", WARNING, ("pause_time_ns", "resume_time_ns", "text")),
    ev.VenueResumed: Line("venue_resumed", INFO),
    ev.Quote: Line("quote", DEBUG, ("bid_px", "bid_qty", "ask_px", "ask_qty", "source")),
    ev.FeedLost: Line("feed_lost", WARNING, ("symbols",), 20),
    ev.FeedRestored: Line("feed_restored", INFO, ("symbols",), 20),
    ev.StreamLost: Line("stream_lost", WARNING, ("text",), 20),
    ev.StreamRestored: Line("stream_restored", INFO, (), 20),
    ev.VenueNotOpened: Line("venue_open_failed", DEBUG, ("text",)),
    ev.QueryFailed: Line("query_failed", WARNING, ("query", "reason", "text"), 1),
    ev.Undecodable: Line("undecodable", ERROR, ("source", "raw", "text"), 20),
    ev.Started: Line("started", INFO, ("journal_id", "engine_version", "take_over")),
    ev.RulesLoaded: Line("rules_loaded", INFO),
    ev.StopRequested: Line("stop_requested", WARNING),
    ev.TimerFired: Line("timer_fired", DEBUG, ("timer",)),
    rq.HaltRequested: Line("halt_requested", WARNING, ("text",)),
    rq.ResumeRequested: Line("resume_requested", WARNING),
    rq.ExitRequested: Line("exit_requested", WARNING, ("qty",)),
    rq.CancelRequested: Line("cancel_requested", WARNING),
    ev.StopRequested: Line("stop_requested", WARNING),
    rq.ConfirmRequested: Line("confirm_requested", WARNING),
    rq.UnguardRequested: Line("unguard_requested", WARNING, ("for_s", "guard_again")),
    rq.OrderResolved: Line("order_resolved", WARNING, ("cum_qty", "text")),
    rq.PositionsImported: Line("positions_imported", INFO),
    rq.TradeRequested: Line(
        "trade_requested",
        INFO,
        ("token", "attempt", "reason", "side", "order_qty", "ord_type", "limit_px", "quote"),
    ),
    es.SlippageEstimated: Line(
        "slippage_estimated",
        DEBUG,
        ("source", "qty", "shown_qty", "held_px", "spread_px", "expected_px", "bound_px"),
    ),
    es.RetryDelayLearned: Line("retry_delay_learned", INFO, ("reason", "delay_s")),
}

COMMAND_LINES: Final[dict[type[co.Command], Line]] = {
    co.PlaceOrder: Line(
        "order_placed",
        INFO,
        (
            "exit_no",
            "trade_no",
            "attempt",
            "side",
            "order_qty",
            "ord_type",
            "limit_px",
            "time_in_force",
            "reduce_only",
            "resend",
        ),
    ),
    co.CancelOrder: Line("cancel_sent", INFO),
    co.QueryOrder: Line("query_order", DEBUG),
    co.QueryFills: Line("query_fills", DEBUG, ("since_ns",)),
    co.QueryBook: Line("query_book", DEBUG, ("since_ns",)),
    co.QueryQuote: Line("query_quote", DEBUG),
    co.QueryMarket: Line("query_market", DEBUG),
    co.WatchSymbols: Line("watch_symbols", DEBUG, ("symbols",)),
    co.OfferQuote: Line("offer_quote", DEBUG),
    co.StartTimer: Line("start_timer", DEBUG, ("timer", "delay_s")),
    co.Notify: Line("notice", WARNING, ("notice", "text", "urgent")),
    de.OpenExit: Line(
        "exit_opened", INFO, ("exit_no", "exit_qty", "trigger_px", "level_px", "whole", "quote")
    ),
    de.RetriggerExit: Line("exit_retriggered", INFO, ("trigger_px",)),
    de.CloseExit: Line("exit_closed", INFO, ("exit_no", "end")),
    de.WithholdExit: Line(
        "exit_withheld",
        WARNING,
        ("side", "order_qty", "limit_px", "trigger_px", "level_px", "quote"),
    ),
    de.RearmStop: Line("stop_rearmed", INFO),
    de.ArmStop: Line("stop_armed", INFO),
    de.HoldUnconfirmed: Line("stop_unconfirmed", WARNING, ("reason", "trigger_px")),
    de.RefuseRule: Line("rule_refused", WARNING, ("kind", "text")),
    de.RaiseHighWater: Line("high_water_raised", DEBUG, ("high_water_px",)),
    de.BeginConfirmation: Line("confirmation_begun", DEBUG),
    de.InferFill: Line("fill_inferred", WARNING, ("exec_id", "side", "last_qty", "last_px")),
    de.NoteMismatch: Line("mismatch_noted", INFO, ("difference", "as_of_ns"), 60),
    de.NoteAgreement: Line("agreement_noted", INFO, (), 60),
    de.DeclareDead: Line("order_declared_dead", WARNING, ("reason", "text")),
    de.AdoptOrder: Line(
        "order_adopted", WARNING, ("exit_no", "attempt", "side", "order_qty", "limit_px")
    ),
    de.SettlePosition: Line("position_settled", INFO, ("settl_px", "revenue")),
    de.MarkSettled: Line("generation_over", INFO, ("generation",)),
    de.RefuseTrade: Line("trade_refused", WARNING, ("trade_no", "attempt", "reason", "text")),
    de.HaltAccount: Line("account_halted", ERROR, ("text",)),
}
