#!/usr/bin/env python3
"""Examines results by schemas/RESULTS.md and schemas/WORKLOAD.md, without the programs.

usage: audit.py DIR [WORKLOAD]

DIR is what `replay run` or `replay sweep` left, closed by bundle.json. Checks the hash of each
file, that bundle.json says what the files give and nothing else, the root over the records, one
credible record for each request, every leaf, what records copy, when they were due and what
run.json says of the load (but for stages and salt) against the workload (DIR/workload.wlc if none
is named), and that the summary follows from the records. The signature is for `ssh-keygen -Y
verify`. Prints a line for each fault. Exit 0: none; 1: some; 2: usage, or nothing to examine.
Python 3.9+, standard library only; slow and plain on purpose.
"""
import hashlib
import json
import pathlib
import struct
import sys

import recompute
import wlc_reader

RUN, SWEEP = "urn:x-wlc:replay-run:v1", "urn:x-wlc:replay-sweep:v1"
PARTS = {RUN: "run", SWEEP: "sweep"}
REQUIRED = {RUN: {"records.wlr", "run.json", "summary.json"}, SWEEP: {"sweep.json"}}
NO_SUBJECTS = {"bundle.json", "bundle.json.sig", "workload.wlc", "manifest.json", "WORKLOAD.md",
               "RESULTS.md", "README.md"}
NONE32 = 2**32 - 1
EXACT = ("mean", "min", "max", "std")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def read_json(text):
    """A document; one with a key that stands twice could be read in two ways."""
    def once(pairs):
        found = dict(pairs)
        assert len(found) == len(pairs), f"a key stands twice: {[key for key, _ in pairs]}"
        return found

    return json.loads(text, object_pairs_hook=once)


def is_name(name, kind):
    """Whether a statement of this kind may name such a file (section 7)."""
    load, slash, file = name.rpartition("/")
    allowed = kind == SWEEP and file == "bundle.json" if slash else name not in NO_SUBJECTS
    part = load if slash else file
    return allowed and part != "" and part[0] != "." and not set(part) & set("/\\\0")


def is_regular(path):
    return path.is_file() and not path.is_symlink()


def records_of(path):
    """The content hash, the number of requests, the strings, and (index, bytes) of each record."""
    data, at, strings, records, kind = path.read_bytes(), 64, [], [], None
    content_hash, count = struct.unpack_from("<32sQ", data, 16)
    while kind != 3:
        kind, length, items, _ = struct.unpack_from("<IIII", data, at)
        at, end = at + 16, at + 16 + length
        for _ in range(items):
            if kind == 1:
                (size,) = struct.unpack_from("<I", data, at)
                strings.append(data[at + 4:at + 4 + size].decode())
                at += 4 + size
            else:
                flags, times = data[at + 166], struct.unpack_from("<I", data, at + 168)[0]
                size = 176 + (32 if flags & 4 else 0) + times
                records.append((struct.unpack_from("<Q", data, at)[0], data[at:at + size]))
                at += size
        assert at == end, "a frame's items do not fill it"
    return content_hash, count, strings, records


def root_over(records):
    """RFC 9162 over the records by index, then by their order in the file."""
    in_order = [record for _, record in sorted(records, key=lambda entry: entry[0])]
    leaves = [sha256(b"\0wlc1rec\0", record) for record in in_order]
    return wlc_reader.merkle_root(leaves) if leaves else sha256()


def leaves_of(value, way=""):
    """Every value of a JSON document by its dotted key; a verdict's reasons by their check."""
    if isinstance(value, dict):
        entries = [(f"{way}.{key}", below) for key, below in value.items()]
    elif isinstance(value, list):
        name = lambda i, item: item["check"] if isinstance(item, dict) and "check" in item else i
        entries = [(f"{way}[{name(i, item)}]", item) for i, item in enumerate(value)]
    else:
        return {way: value}
    found = {way: f"{type(value).__name__} of {len(value)}"}
    for key, below in entries:
        found.update(leaves_of(below, key))
    return found


def equal(way, said, again):
    """Numbers are equal to rounding; gaps between tokens are counted in buckets (section 3)."""
    numbers = [type(value) in (int, float) for value in (said, again)]
    if not all(numbers):
        return said == again and type(said) is type(again)
    bucket = "itl_s." in way and not way.endswith(EXACT)
    most = max(abs(said), abs(again)) * (1 / 2048 if bucket else 1e-9)
    return abs(said - again) <= max(most, 1e-12)


class Audit:
    def __init__(self):
        self.faults = 0

    def require(self, good, file, what):
        if not good:
            self.faults += 1
            print(f"{file}: {what}")

    def directory(self, directory, workload, sweep=None):
        """Checks a run's directory, or a sweep's and all its loads; `sweep` is a load's sweep's
        content hash."""
        bundle = directory / "bundle.json"
        said = read_json(bundle.read_bytes())
        kind = said["predicateType"]
        subjects = [subject["name"] for subject in said["subject"]]
        good = kind in PARTS and (sweep is None or kind == RUN)
        self.require(good, bundle, f"has the predicate {kind} here")
        wrong = [name for name in subjects if not is_name(name, kind)]
        self.require(not wrong, bundle, f"names no files of this directory: {wrong}")
        if wrong or not good:
            return
        good = REQUIRED[kind] <= set(subjects) and len(set(subjects)) == len(subjects)
        self.require(good, bundle, "lacks a file that it must name, or names one twice")
        for subject in said["subject"]:
            name, digest = subject["name"], subject["digest"]["sha256"]
            good = is_regular(directory / name)
            good = good and sha256((directory / name).read_bytes()).hex() == digest
            self.require(good, directory / name, f"is not there or has not the SHA-256 {digest}")
        part = PARTS[kind]
        verbatim = (directory / f"{part}.json").read_text().removesuffix("\n")
        document = read_json(verbatim)
        content_hash = document["workload"]["content_hash"]
        self.require(sweep in (None, content_hash), bundle, f"is of another load than {sweep}")
        predicate = {"content_hash": content_hash}
        if kind == RUN:
            predicate["records"] = self.run(directory, document, workload, sweep is not None)
        again = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [
                {"name": name, "digest": {"sha256": sha256((directory / name).read_bytes()).hex()}}
                for name in sorted(subjects, key=str.encode) if is_regular(directory / name)
            ],
            "predicateType": kind,
            "predicate": {**predicate, part: "@"},
        }
        again = json.dumps(again, indent=2, ensure_ascii=False) + "\n"
        again = again.replace(f'"{part}": "@"', f'"{part}": {verbatim}')
        self.require(bundle.read_text() == again, bundle, "is not what the files give")
        if kind == SWEEP:
            for name in subjects:
                if name.endswith("/bundle.json"):
                    self.directory((directory / name).parent, workload, content_hash)

    def run(self, directory, run, workload, is_load):
        """Checks a run; gives what bundle.json says of its records."""
        file = directory / "records.wlr"
        content_hash, count, strings, records = records_of(file)
        self.require(content_hash.hex() == run["workload"]["content_hash"], file,
                     "is of another load than run.json")
        part, expected = run["effective"]["requests"], run["workload"]["requests"]
        self.require(part is None or (is_load and part < expected), directory / "run.json",
                     f"fired {part} of {expected} requests, as only a load of a sweep does")
        expected = expected if part is None else part
        self.require(count == expected, file, f"is of {count} requests, run.json of {expected}")
        self.require(sorted(index for index, _ in records) == list(range(count)), file,
                     "has not one record for each request")
        given = [recompute.Request(record, 0) for _, record in records]
        wrong = [record.index for record in given if not record.is_credible(len(run["stages"]))]
        self.require(not wrong, file, f"contradicts itself: not credible are requests {wrong}")
        kept = run["effective"]["token_times"]
        wrong = [record.index for record in given
                 if record.token_count and bool(record.token_times) != kept]
        self.require(not wrong, file, f"token_times is {kept} in run.json, but not of requests {wrong}")
        if workload is not None:
            self.against(directory, workload, run, strings, given)
        figures, name = leaves_of(recompute.summary(directory)), directory / "summary.json"
        said = leaves_of(read_json(name.read_bytes()))
        for key in sorted(said.keys() | figures.keys()):
            ours, theirs = said.get(key, "absent"), figures.get(key, "absent")
            self.require(equal(key, ours, theirs), name, f"{key[1:]} is {ours}, not {theirs}")
        return {"root": root_over(records).hex(), "count": len(records), "requests": count}

    def against(self, directory, workload, run, strings, given):
        """What run.json says of the load, and every record against the request that it is of."""
        requests, opened = [], wlc_reader.Workload(workload)
        opened.verify(requests.append)
        manifest, at = opened.manifest, opened.trailer
        held = {"content_hash": opened.content_hash.hex(), "requests": len(requests),
                "footer_hash": opened.data[at + 32:at + 64].hex(), "file_bytes": len(opened.data),
                "seed": manifest["seed"], "spec": manifest["spec"]}
        wrong = [key for key, value in held.items() if run["workload"][key] != value]
        self.require(not wrong, directory / "run.json", f"is not of {workload}: {', '.join(wrong)}")
        names, speed = run["populations"], run["effective"]["speed"]
        self.require(names == manifest["populations"], directory / "run.json",
                     f"populations are not those of {workload}")
        text = lambda number: None if number is None else strings[number]
        for record in given:
            if record.index >= len(requests):
                continue
            request, label = requests[record.index], record.population
            stage = opened.stages[request["stage"]]
            is_set = request["after"] is None and not stage[2] & 2 and stage[8] == NONE32
            due = request["at_ns"] if is_set else None
            near = due is None or (record.scheduled is not None and abs(
                record.scheduled - (due if speed == 1 else round(due / speed))) <= (speed != 1))
            asked = request["labels"].get("population")
            asked = asked if asked in names else None
            to_cancel = [request["cancel_after_ns"], request["cancel_after_tokens"]] != [None] * 2
            said = {
                "leaf": record.leaf.hex(), "stage": record.stage, "turn": record.turn,
                "session": text(record.session), "model": text(record.model),
                "adapter": text(record.adapter), "stream": record.streamed,
                "input_tokens": record.input, "output_tokens": record.output}
            pairs = [(key, value, request[key]) for key, value in said.items()] + [
                ("scheduled_ns", near, True), ("cancel", record.to_cancel, to_cancel),
                ("population", names[label - 1] if label else None, asked)]
            wrong = [key for key, value, own in pairs if value != own]
            self.require(not wrong, directory / "records.wlr",
                         f"request {record.index}: not the workload's: {', '.join(wrong)}")


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    directory, audit = pathlib.Path(arguments[0]), Audit()
    beside = directory / "workload.wlc"
    workload = arguments[1] if len(arguments) == 2 else beside if beside.is_file() else None
    if not (directory / "bundle.json").is_file():
        print(f"{directory}: has no bundle.json: nothing to examine", file=sys.stderr)
        return 2
    try:
        audit.directory(directory, workload)
        manifest = directory / "manifest.json"
        if workload is not None and manifest.is_file():
            own = wlc_reader.Workload(workload).bytes_of("MANIFEST")
            audit.require(manifest.read_bytes() == own, manifest, "is not the workload's own")
    except (AssertionError, LookupError, OSError, TypeError, ValueError, struct.error,
            wlc_reader.Fault) as error:
        audit.require(False, directory, f"cannot be read to its end: {error!r}")
    print(f"{directory}: {audit.faults} faults" if audit.faults else f"{directory}: verified")
    return 1 if audit.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
