"""Replays exchanges that were recorded on real DHIS2 servers against a sandbox and says where it answers otherwise.

It works on any folder of files in the form of `recording`, in process, without a socket.
"""
