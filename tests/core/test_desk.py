"""The desk: a decision is folded as it is made; a notice is told once until it is untold."""

from __future__ import annotations

from decimal import Decimal

from daemon.core.book import Book
from daemon.core.commands import NoticeKind, StartTimer
from daemon.core.decisions import HaltAccount
from daemon.core.desk import Desk, Memory
from tests import builders as make


def desk() -> Desk:
    return Desk(Book(), Memory(), make.quote())


def test_a_durable_decision_is_in_the_book_before_the_next_one() -> None:
    at = desk()
    at.emit(HaltAccount(account=make.ACCOUNT, venue=make.VENUE, text="x"))
    assert at.book.account(make.ACCOUNT, make.VENUE).halted
    assert len(at.commands) == 1


def test_a_matter_is_told_once_until_it_is_over() -> None:
    at = desk()
    at.tell_once("a", NoticeKind.DUST, "x")
    at.tell_once("a", NoticeKind.DUST, "x")
    at.untell("a", NoticeKind.DUST)
    at.untell("a", NoticeKind.DUST)
    at.tell_once("a", NoticeKind.DUST, "x")
    assert len(at.commands) == 2


def test_nobody_waits_less_than_no_time() -> None:
    at = desk()
    at.wait("x", Decimal(-1))
    assert at.commands == [StartTimer(timer="x", delay_s=Decimal(0))]


def test_a_market_not_read_yet_is_unknown() -> None:
    assert desk().market(make.KEY) is None
