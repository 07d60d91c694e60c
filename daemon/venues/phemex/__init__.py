"""Phemex: signature, wire formats, REST and websocket, spot and USDT perpetuals."""
