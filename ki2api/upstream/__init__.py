"""The wire to Kiro: the only place on a flow's way that does I/O."""
