"""Common Geo-Registry: the master list of places, kept in agreement with DHIS2."""
