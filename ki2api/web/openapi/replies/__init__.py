"""What each dialect's clients are answered, as structs to make schemas of."""
