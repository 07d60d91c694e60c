"""Kalshi: signature, wire formats, REST calls and the websocket, behind `daemon.ports.Venue`."""
