"""Venue adapters: each speaks one exchange's protocol and returns the core's events."""
