"""A paper Phemex: spot and USDT perpetuals, each on a port of its own."""
