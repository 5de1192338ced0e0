"""Types, hierarchies and Geo-Objects with their values, parents and external ids over time (R0.2 to R0.5)."""
