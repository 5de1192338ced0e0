"""The pages of External System Synchronizations (R4 to R8)."""
