"""Binance: spot and USD-M futures, two venues behind one adapter."""
