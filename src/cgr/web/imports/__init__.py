"""The pages of imports: the wizard, what an import would do or did, and the units that wait for a person."""
