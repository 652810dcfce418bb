"""The built-in stages, one room each; none knows another."""
