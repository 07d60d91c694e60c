"""What the operator sees while filld runs: lines and alerts. Observers: they read, never decide."""
