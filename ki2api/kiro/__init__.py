"""The upstream dialect, sans-IO: how a conversation is put to Kiro and how its answer is read."""
