"""What `ki2api doctor` looks at, one file for each part of the house."""
