"""The pages about people and their roles."""
