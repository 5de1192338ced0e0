"""Who changed what, when, with before and after (R0.6)."""
