"""Take the pictures of the tutorial anew, from the demo as it is served: `make pictures`.

Each line of PICTURES is a file in docs/images, the address it shows, and words that stand there when the page is ready.
A new picture is a new line here and a place in docs/tutorial/demo.md; a test holds the two together.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1180, 740
LARGEST = 150_000  # bytes: a page of documents has to load over a slow line
PICTURES = (
    ("demo-home.png", "/", "hmis-all"),
    ("demo-run.png", "/runs/2/", "What changes, level by level"),
    ("demo-run-map.png", "/runs/2/?view=map#changes", "Choose a place"),
    ("demo-sync.png", "/synchronization/id/hmis-all/", "Check against DHIS2"),
    ("demo-explorer.png", "/explorer/object/?type=facility&code=F96149", "Kawama Health Centre"),
    ("demo-system.png", "/settings/systems/id/hmis/", "hmis"),
)


def _demo(folder: str, port: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "CGR_DATA_DIR": folder, "CGR_PORT": str(port)}
    command = [str(Path(sys.executable).with_name("cgr")), "demo"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command


def _sign_in(demo: subprocess.Popen[str]) -> tuple[str, str, str]:
    for line in demo.stderr or ():
        if found := re.search(r"registry: +(http\S+)/ +sign in as (\S+) / (\S+)", line):
            return found[1], found[2], found[3]
    raise SystemExit("The demo ended before it served its pages.")


def _take(address: str, name: str, password: str) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium on this machine (Debian: apt-get install chromium).")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", color_scheme="light")
        page.goto(f"{address}/sign-in/")
        page.get_by_label("Sign-in name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.locator("header summary").wait_for()
        for file, where, words in PICTURES:
            page.goto(address + where)
            page.get_by_text(words).first.wait_for()
            page.wait_for_load_state("networkidle")
            if page.locator("cgr-map").count():
                page.locator("cgr-map[data-drawn]").wait_for()
                page.wait_for_function("document.querySelector('cgr-map').map.loaded()")
            page.screenshot(path=IMAGES / file)
            size = (IMAGES / file).stat().st_size
            print(f"docs/images/{file}: {size:,} bytes")
            if size > LARGEST:
                raise SystemExit(f"That is more than {LARGEST:,}: show less of it.")
        browser.close()


def main() -> None:
    """Serve the demo, look at its pages, stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="cgr-") as folder, _demo(folder, port) as demo:
        try:
            _take(*_sign_in(demo))
        finally:
            demo.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
