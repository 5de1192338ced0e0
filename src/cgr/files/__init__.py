"""Files that people bring: what kind each is, what its columns are, its rows one after the other. No Django.

Whatever comes from outside is taken for hostile: the kind is told from the content, archives are looked into before
anything is unpacked, and only the formats listed here are ever opened (R3.4).
"""

from cgr.files.opening import Choice, Table, check_size, open_table

__all__ = ["Choice", "Table", "check_size", "open_table"]
