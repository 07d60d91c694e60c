"""Kalshi's REST and websocket protocol over the paper exchange; it decides no trade itself."""
