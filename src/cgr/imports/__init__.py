"""Import: organisation units of a DHIS2 become Geo-Objects."""
