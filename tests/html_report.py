#!/usr/bin/env python3
"""Opens HTML reports in headless Chromium and holds them against what they promise.

    html_report.py [--shots DIR] RUN.html SWEEP.html

A page of 10,000 requests is under 3 MB, is ready in under 2 s, logs no error, asks no network for
anything, and shows verdict, knee and lag within two screens of 1280 x 900, by day and by night.
Two broken pages, one that fetches an image and one that logs an error, must be caught: else
nothing is proved. Standard library only.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

CHROMIUM = [
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--window-size=1280,900",
]
SCREENS = 2 * 900
MOST_BYTES = 3 << 20
MOST_MS = 2_000
# Longest that a browser may take before the check is given up.
PATIENCE_S = 120
NIGHT = "--blink-settings=preferredColorScheme=0"


def chromium(*arguments):
    """Runs the browser in a profile of its own; gives what it wrote."""
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [*CHROMIUM, f"--user-data-dir={profile}", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )


def opened(page):
    """The attributes that the page's script leaves, what was logged, and what was fetched."""
    with tempfile.TemporaryDirectory() as scratch:
        log = pathlib.Path(scratch, "net.json")
        run = chromium(
            "--enable-logging=stderr",
            f"--log-net-log={log}",
            "--dump-dom",
            page.resolve().as_uri(),
        )
        events = log.read_text()
    told = re.search(r"<html[^>]*>", run.stdout)
    assert told, f"{page}: no page came out:\n{run.stderr}"
    marks = dict(re.findall(r'data-([a-z-]+)="(\d+)"', told.group()))
    said = [line for line in run.stderr.splitlines() if ":CONSOLE" in line]
    return {name: int(value) for name, value in marks.items()}, said, fetched(events)


def fetched(events):
    """Every URL but a file's that a page asked for. What the browser asks for on its own account,
    such as updates of itself, has no origin."""
    log = json.loads(repaired(events))
    begun = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in log["events"] if event["type"] == begun]
    by_page = [said for said in asked if said.get("initiator") != "not an origin"]
    urls = {said["url"] for said in by_page if "url" in said}
    return {url for url in urls if not url.startswith(("file:", "data:"))}


def repaired(events):
    """A log that the browser was too quick to end is JSON but for its end."""
    try:
        json.loads(events)
        return events
    except json.JSONDecodeError:
        return events.rstrip().rstrip(",") + "]}"


def faults(page):
    """What is wrong with a page, in words."""
    marks, said, urls = opened(page)
    found = [f"logged: {line}" for line in said]
    found += [f"fetched: {url}" for url in sorted(urls)]
    size = page.stat().st_size
    if size >= MOST_BYTES:
        found.append(f"{size} bytes")
    return found, marks


def check(page, wanted):
    """Holds a report against its promises; gives what is wrong."""
    found, marks = faults(page)
    ready = marks.get("ready-ms")
    if ready is None or ready > MOST_MS:
        found.append(f"ready after {ready} ms")
    for name in wanted:
        bottom = marks.get(f"{name}-bottom")
        if bottom is None or bottom > SCREENS:
            found.append(f"{name} ends at {bottom} of {SCREENS} pixels")
    places = ", ".join(f"{name} {marks.get(f'{name}-bottom')} px" for name in wanted)
    print(f"{page.name}: {page.stat().st_size} bytes, ready in {ready} ms, {places}")
    return [f"{page.name}: {fault}" for fault in found]


def shoot(page, directory):
    """Pictures of the first screen and of the whole page, by day and by night."""
    for name, arguments in (("day", []), ("night", [NIGHT])):
        for part, size in (("first", "1280,900"), ("whole", "1280,3600")):
            target = directory / f"{page.stem}-{name}-{part}.png"
            shot = [f"--screenshot={target}", f"--window-size={size}", "--virtual-time-budget=3000"]
            chromium(*arguments, *shot, page.resolve().as_uri())
            assert target.stat().st_size > 10_000, f"{target}: an empty picture"


def controls():
    """Pages that must be caught, each for its own reason; gives those that were not."""
    broken = {
        "fetched": '<img src="http://127.0.0.1:1/x.png">',
        "logged": '<script>console.error("broken")</script>',
    }
    missed = []
    with tempfile.TemporaryDirectory() as scratch:
        for fault, body in broken.items():
            page = pathlib.Path(scratch, f"{fault}.html")
            page.write_text(f"<!doctype html><html><body>{body}</body></html>")
            found, _ = faults(page)
            if not any(text.startswith(fault) for text in found):
                missed.append(f"the control that is {fault} was not caught: {found}")
    return missed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--shots", type=pathlib.Path, help="leave pictures in this directory")
    arguments.add_argument("run", type=pathlib.Path)
    arguments.add_argument("sweep", type=pathlib.Path)
    given = arguments.parse_args()
    found = controls()
    found += check(given.run, ["verdict", "lag"])
    found += check(given.sweep, ["verdict", "knee"])
    with tempfile.TemporaryDirectory() as scratch:
        shots = given.shots or pathlib.Path(scratch)
        shots.mkdir(parents=True, exist_ok=True)
        shoot(given.run, shots)
        shoot(given.sweep, shots)
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
