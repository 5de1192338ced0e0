"""The pages: thin, no rules of their own."""
