"""Organizations, people, roles, and who may do what."""
