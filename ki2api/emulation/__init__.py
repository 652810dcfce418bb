"""What Kiro has no field for, done by what is asked, what is passed on and what is checked."""
