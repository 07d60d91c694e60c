"""The pure heart: facts in, commands out; knows no clock, no network, no disk."""
