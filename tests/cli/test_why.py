"""`filld why`: the chain of an order out of the journal, for people and as JSON."""

from __future__ import annotations

from tests.cli.stage import Stage, story


def test_the_chain_is_told(stage: Stage) -> None:
    play = story()
    stage.keep(play)
    said = stage.filld("why", "order_12345")
    assert said.code == 0
    assert "of exit 1 of NFL-1 on kalshi (main)" in said.out
    told = [line for line in said.out.splitlines() if "sell 100 at 0.53" in line]
    assert len(told) == 1
    view = stage.filld("why", str(play.order_id), "--json").json
    chain = view["chain"]
    assert isinstance(chain, list)
    assert [link["what"] for link in chain][:4] == ["quote", "rule", "exit", "order"]


def test_an_unknown_order_and_no_journal(stage: Stage) -> None:
    said = stage.filld("why", "fdx")
    assert (said.code, "there is no journal at" in said.err) == (3, True)
    stage.keep(story())
    said = stage.filld("why", "fdx")
    assert said.code == 2
    assert "order = 'fdx': no order of that id is in the journal" in said.err
