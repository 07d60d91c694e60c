"""The composition root: settings in, a running daemon out. Nobody else names concrete classes.

Each use is a module of its own, so that a verb imports no more than it needs.
"""
