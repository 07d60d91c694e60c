"""Paper Bitget: classic v2 spot and USDT-futures, and the unified account's v3 for both."""
