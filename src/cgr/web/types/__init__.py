"""The pages of Types & Hierarchies (R0.2, R0.3): what places are, what is known of them, what is in what."""
