"""The one loop round the core, and what feeds and drains it."""
