"""YAML as `yaml_reading` reads it: what is written comes back as the same, by whichever version's rules it is read."""

from __future__ import annotations

import yaml

from cgr.configuration.yaml_reading import add_scalars

_WIDTH = 120


def written(document: dict[str, object]) -> str:
    """Give a document as YAML that reads back as the same."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Writes equal values out each time: an alias would tie two entries together that only happen to be equal."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature PyYAML calls
        """Never make an alias."""
        return True


# The dumper quotes by YAML 1.1; what only the reader's 1.2 takes for a number (1e3) needs quotes too.
add_scalars(_Dumper)
