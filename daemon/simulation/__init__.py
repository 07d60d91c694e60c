"""The whole daemon in virtual time against a venue in memory: seeded, faulty, replayable."""
