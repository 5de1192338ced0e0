"""Writing many Geo-Objects at once: drafts are compared with what is stored, differences go in by COPY, all or nothing.

A call reads drafts in chunks (`existing` fetches what they are about), decides with `core.object_states` what each
object becomes, and copies the differences into the tables, or, where other objects of the same call matter (parents,
external ids, codes), into temporary tables (`staging`) that are checked and settled as sets at the end (`settling`).
"""
