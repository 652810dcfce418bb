"""Fetching from addresses that callers give: never from inside of the network here."""
