"""The pages about external systems: register, try, connect, disable, and what each DHIS2 version can do."""
