"""Add to a list of parts (CycloneDX) the assets that the wheel carries and that come from the npm registry."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def assets() -> list[dict[str, object]]:
    """Give the packages that package.json names for the pages, as package-lock.json pins them."""
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    return [_component(name, locked[f"node_modules/{name}"]) for name in sorted(wanted)]


def _component(name: str, locked: dict[str, str]) -> dict[str, object]:
    algorithm, _, digest = locked["integrity"].partition("-")
    return {
        "type": "library",
        "bom-ref": f"npm-{name}",
        "name": name,
        "version": locked["version"],
        "purl": f"pkg:npm/{name}@{locked['version']}",
        "licenses": [{"expression": locked["license"]}],
        "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
    }


def main(path: Path) -> None:
    """Put them into the list, once."""
    document = json.loads(path.read_text("utf-8"))
    ours = assets()
    others = [one for one in document.get("components", []) if one["name"] not in {asset["name"] for asset in ours}]
    document["components"] = others + ours
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(f"{path}: {len(document['components'])} parts, {len(ours)} of them assets of the pages")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
