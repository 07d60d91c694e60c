"""Numbered SQL, applied in order, never edited after release. Holds no code."""
