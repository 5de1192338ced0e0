"""The pages of proposals (R2): what contributors want changed, and what becomes of it."""
