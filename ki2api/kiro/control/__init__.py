"""What Kiro tells of an account beside answering: questions and how their answers are read (§6)."""
