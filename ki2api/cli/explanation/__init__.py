"""What `ki2api explain` finds out, one file for each question."""
