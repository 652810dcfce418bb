"""Who pays: where credentials come from, how they stand, and which account serves next."""
