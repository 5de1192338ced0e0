"""Registered DHIS2 servers, their sealed secrets, and the door to a client that is signed in."""
