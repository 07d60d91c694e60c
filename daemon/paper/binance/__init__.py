"""A paper Binance: spot and USD-M futures, in the venue's own REST and websocket protocol."""
