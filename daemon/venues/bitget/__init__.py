"""Bitget: spot and USDT-margined futures, over the classic v2 or the unified (UTA v3) API."""
