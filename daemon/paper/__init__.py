"""An embedded paper exchange: real protocols on loopback, pretend money.

It is the other side of the wire and nothing else: it imports nothing of the client it serves, so
that a mistake shared by both cannot hide.
"""
