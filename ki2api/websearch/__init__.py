"""Searching the web on a model's behalf, sans-IO: what it is offered, told and cites."""
