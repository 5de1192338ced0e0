"""A whole configuration as one file: types, hierarchies, systems without secrets, sync configurations (R4.5)."""
