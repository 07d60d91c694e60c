"""filld: watches positions, fires stop exits, follows each until no contract is left."""

__version__ = "0.1.0"
