#!/usr/bin/env python3
"""Independent reader of workload files, written from schemas/WORKLOAD.md alone.

usage: wlc_reader.py [--requests] FILE...

Recomputes every hash and checks the rules of WORKLOAD.md, section 12. Prints one JSON line for
each file, or with --requests one for each request, with the keys of `wlc inspect --json`.
Exit 0: all files are good; 1: a file is not, with section and offset on stderr; 2: usage.
Python 3.9+, standard library only.
"""
import base64
import hashlib
import itertools
import json
import re
import struct
import sys

MAGIC, END_MAGIC = b"\x89WLC\r\n\x1a\n", b"\nWLCEND\n"
SECTIONS = [("BLOB", 1), ("SEGMENTS", 16), ("STRING_BYTES", 1), ("STRINGS", 8), ("PAIRS", 8),
            ("PAIR_LISTS", 8), ("STAGES", 48), ("REQUESTS", 96), ("LEAVES", 32), ("MANIFEST", 1)]
STAGE = struct.Struct("<IBBHQQQQII")
REQUEST = struct.Struct("<BBBBIQQQQIIQIIIIIIIIII")
NONE32, NONE64, MAX_TIME_NS = 2**32 - 1, 2**64 - 1, 3652 * 86400 * 10**9
MAX_STRING_BYTES, MAX_BODY_BYTES, MAX_PAIRS, MAX_ANSWERS = 1 << 20, 1 << 32, 1024, 4096
MAX_SALT_COUNT, MAX_SALT_WORD_BITS = 16, 16
REQUEST_PREFIX, STAGES_PREFIX = b"wlc1req\0", b"wlc1stg\0"
METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
PATH, HEADER_VALUE = re.compile(r"/[!\"$-~]*"), re.compile(r"([!-~]([\t -~]*[!-~])?)?")
FORBIDDEN_HEADERS = set("""api-key authorization connection content-length cookie expect host keep-alive
    proxy-authorization proxy-connection te trailer transfer-encoding upgrade x-api-key""".split())
MANIFEST_KEYS = ["compiler", "corpora", "data_sets", "hints", "inputs", "media", "populations",
                 "rng", "salt", "seed", "server", "spec", "tokenizer", "traces"]
HINT_KEYS = ["connections", "max_in_flight", "sweep", "timeout_ns", "url", "workers"]
SWEEP_KEYS = ["progression", "requests", "saturation_percentile_ppm", "stage_duration_ns",
              "stages", "timeout_ns"]
SALT_WORD = re.compile(r"[!#-\[\]-~]+")
URL = re.compile(r"https?://(?!/)[!\"$->A-~]+")


class Fault(Exception):
    """A broken rule: section, offset from the start of the file, what is wrong."""


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def merkle_root(hashes):
    """RFC 9162, 2.1.1, level by level: pairs are joined, an odd last hash moves up."""
    while len(hashes) > 1:
        joined = [sha256(b"\x01", *hashes[i:i + 2]) for i in range(0, len(hashes) - 1, 2)]
        hashes = joined + hashes[len(joined) * 2:]
    return hashes[0]


def field(tag, value):
    return b"" if value is None else struct.pack("<BI", tag, len(value)) + value


def readable(body):
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def parts_of(pieces):
    """A live body as texts and answers in turn, however it is cut into segments."""
    parts = []
    for literal, run in itertools.groupby(pieces, lambda piece: isinstance(piece, bytes)):
        parts += [readable(b"".join(run))] if literal else [{"answer_to": number} for number in run]
    return parts


def grouped(pairs):
    """Name -> value, or the list of values in order where a name repeats."""
    values = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def u32(value):
    return None if value == NONE32 else struct.pack("<I", value)


def u64(value):
    return None if value == NONE64 else struct.pack("<Q", value)


class Workload:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.file_hash = sha256(self.data)
        self.place = {}
        self.open_footer()
        self.check_sections()
        self.check_manifest()
        self.stages = list(STAGE.iter_unpack(self.bytes_of("STAGES")))
        self.counts, self.latest_ns, self.body_bytes = [0] * len(self.stages), {}, 0
        self.stage_of, self.turn_of = [], []

    def require(self, good, section, offset, what):
        if not good:
            raise Fault(f"{section} at offset {offset}: {what}")

    def open_footer(self):
        data, end = self.data, len(self.data) - 96
        self.require(data[:8] == MAGIC, "HEADER", 0, "not a workload file")
        self.require(len(data) >= 16 + 560 + 96, "HEADER", 0, f"only {len(data)} bytes")
        major, minor, zero = struct.unpack_from("<HHI", data, 8)
        self.require((major, minor) == (1, 0), "HEADER", 8, f"version {major}.{minor}, not 1.0")
        self.require(zero == 0, "HEADER", 12, "a field that must be zero is not")
        (self.content_hash, footer_hash, file_bytes, table, count, zero2,
         magic) = struct.unpack_from("<32s32sQQII8s", data, end)
        self.require(magic == END_MAGIC, "TRAILER", end + 88, "the end mark is missing")
        self.require(file_bytes == len(data), "TRAILER", end + 64, "file_bytes is wrong")
        self.require(count == 10 and table == end - 560, "TRAILER", end + 72, "table misplaced")
        self.require(zero2 == 0, "TRAILER", end + 84, "a field that must be zero is not")
        actual = sha256(data[:16], data[table:end + 32], data[end + 64:])
        self.require(actual == footer_hash, "FOOTER", table, "footer_hash differs")
        self.table, self.trailer = table, end

    def check_sections(self):
        position = 16
        for number, (name, stride) in enumerate(SECTIONS):
            at = self.table + 56 * number
            kind, width, offset, length, digest = struct.unpack_from("<IIQQ32s", self.data, at)
            self.require((kind, width) == (number + 1, stride), name, at, "kind or stride")
            self.require(offset == position and length % stride == 0, name, at, "misplaced")
            end = offset + length
            position = end + -end % 8
            self.require(position <= self.table, name, at, "reaches past the section table")
            self.place[name] = (offset, length)
            self.require(sha256(self.bytes_of(name)) == digest, name, offset, "SHA-256 differs")
            self.require(not any(self.data[end:position]), "PADDING", end, "not zero")
        self.require(position == self.table, "SECTION TABLE", position, "bytes before the table")
        self.require(self.count("LEAVES") == self.count("REQUESTS"), "LEAVES",
                     self.place["LEAVES"][0], "LEAVES and REQUESTS differ in number")

    def check_manifest(self):
        raw, offset = self.bytes_of("MANIFEST"), self.place["MANIFEST"][0]
        try:
            self.manifest = json.loads(raw)
            again = json.dumps(self.manifest, sort_keys=True, separators=(",", ":"),
                               ensure_ascii=False).encode()
        except ValueError as error:
            raise Fault(f"MANIFEST at offset {offset}: {error}") from error
        self.require(again == raw, "MANIFEST", offset, "not canonical JSON")
        self.require(sorted(self.manifest) == MANIFEST_KEYS, "MANIFEST", offset, "other keys")
        self.check_hints(self.manifest["hints"], offset)
        self.slot = self.check_salt(self.manifest["salt"], offset)

    def check_hints(self, hints, offset):
        """What the spec recommends to the replay can be followed and holds no secret."""
        def rule(good, text):
            self.require(good, "MANIFEST", offset, f"hints: {text}")

        sweep, url = hints.get("sweep"), hints.get("url")
        rule(sorted(hints) == HINT_KEYS, "other keys")
        rule(sweep is None or sorted(sweep) == SWEEP_KEYS, "other keys of sweep")
        rule(sweep is None or sweep["progression"] in ("linear", "geometric"), "progression")
        rule(url is None or URL.fullmatch(url), "url is no base URL, or has a place for a secret")
        for key, value in [*hints.items(), *(sweep or {}).items()]:
            limit = {"ns": MAX_TIME_NS, "ppm": 10**6}.get(key.rsplit("_", 1)[-1], NONE64)
            rule(not isinstance(value, int) or 0 < value <= limit, f"{key} is 0 or too large")

    def check_salt(self, salt, offset):
        """The unsalted slot, with which BLOB begins; None if the workload has none."""
        def rule(good, text):
            self.require(good, "MANIFEST", offset, f"salt: {text}")

        if salt is None:
            return None
        rule(sorted(salt) == ["count", "words"], "other keys")
        count, words = salt["count"], salt["words"]
        rule(type(count) is int and 1 <= count <= MAX_SALT_COUNT, "count")
        powers = (2 << bits for bits in range(MAX_SALT_WORD_BITS))
        rule(len(words) in powers, "no power of two of words")
        rule(all(SALT_WORD.fullmatch(word) for word in words), "a word that is not plain")
        rule(len({len(word) for word in words}) == 1, "words are not equally long")
        rule(len(set(words)) == len(words), "a word twice")
        slot = b" ".join([words[0].encode()] * count)
        rule(self.bytes_of("BLOB").startswith(slot), "BLOB does not begin with its slot")
        return slot

    def bytes_of(self, name):
        offset, length = self.place[name]
        return self.data[offset:offset + length]

    def count(self, name):
        return self.place[name][1] // dict(SECTIONS)[name]

    def record(self, name, form, index, what):
        """Record `index` of a section; `what` says in an error who refers to it."""
        self.require(index < self.count(name), name, self.place[name][0],
                     f"{what} refers to record {index} of {self.count(name)}")
        size = struct.calcsize(form)
        return struct.unpack_from(form, self.data, self.place[name][0] + size * index)

    def string(self, index, what, optional=False):
        if optional and index == NONE32:
            return None
        offset, length = self.record("STRINGS", "<II", index, what)
        base, total = self.place["STRING_BYTES"]
        self.require(offset + length <= total and length <= MAX_STRING_BYTES, "STRINGS",
                     self.place["STRINGS"][0] + 8 * index, "past STRING_BYTES or too long")
        try:
            return self.data[base + offset:base + offset + length].decode("utf-8")
        except UnicodeDecodeError:
            at = self.place["STRINGS"][0] + 8 * index
            raise Fault(f"STRINGS at offset {at}: string {index} is not UTF-8") from None

    def pairs(self, index, what):
        if index == NONE32:
            return []
        first, count = self.record("PAIR_LISTS", "<II", index, what)
        self.require(0 < count <= MAX_PAIRS and first + count <= self.count("PAIRS"), "PAIR_LISTS",
                     self.place["PAIR_LISTS"][0] + 8 * index, "empty, too long or past PAIRS")
        ids = [self.record("PAIRS", "<II", i, what) for i in range(first, first + count)]
        self.require(max(map(max, ids)) < self.count("STRINGS"), "PAIR_LISTS",
                     self.place["PAIR_LISTS"][0] + 8 * index, "holds the id of no string")
        return [(self.string(name, what), self.string(value, what)) for name, value in ids]

    def body(self, first, count, what):
        """The pieces of a body: bytes, or the index of the request whose answer is put in."""
        parts, (base, total) = [], self.place["BLOB"]
        for index in range(first, first + count):
            offset, length = self.record("SEGMENTS", "<QQ", index, what)
            if offset == NONE64:
                parts.append(length)
                continue
            self.require(0 < length and offset + length <= total, "SEGMENTS",
                         self.place["SEGMENTS"][0] + 16 * index, "empty or past BLOB")
            parts.append(self.data[base + offset:base + offset + length])
        return parts

    def salt_position(self, first, count, rule):
        """Literal bytes in front of the one salt slot of a body."""
        position, found = 0, []
        rule(self.slot is not None, "its salted flag is set, but the manifest has no salt")
        for index in range(first, first + count):
            offset, length = self.record("SEGMENTS", "<QQ", index, "a salted body")
            if offset == 0:
                rule(length == len(self.slot), "its salt slot has another length")
                found.append(position)
            position += length if offset != NONE64 else 0
        rule(len(found) == 1, f"{len(found)} salt slots, not one")
        return found[0]

    def check_tables(self):
        """All strings and pair lists, referred to or not."""
        for index in range(self.count("STRINGS")):
            self.string(index, f"string {index}")
        for index in range(self.count("PAIR_LISTS")):
            self.pairs(index, f"pair list {index}")

    def stages_leaf(self):
        out = STAGES_PREFIX + struct.pack("<QI", self.count("REQUESTS"), len(self.stages))
        for index, row in enumerate(self.stages):
            name, kind, flags, zero, start, duration, rate, requests, concurrency, zero2 = row
            at, what = self.place["STAGES"][0] + 48 * index, f"stage {index}"

            def rule(good, text):
                self.require(good, "STAGES", at, f"{what}: {text}")

            rule(kind <= 1 and flags <= 3 and zero == zero2 == 0, "an undefined value")
            rule(start <= MAX_TIME_NS, "start_ns is over the limit")
            rule(duration <= MAX_TIME_NS or duration == NONE64, "duration_ns is over the limit")
            rule(index > 0 or not flags & 2, "the first stage follows no other")
            rule(concurrency != 0, "concurrency is zero")
            rule(kind == 0 or concurrency != NONE32, "a closed stage has no concurrency")
            rule(requests == self.counts[index], "request_count is wrong")
            rule(name == NONE32 or name < self.count("STRINGS"), "its name is no string")
            name = self.string(name, what, optional=True)
            fields = b"".join([
                field(1, None if name is None else name.encode()), field(2, bytes([kind])),
                field(3, b"\x01" if flags & 1 else None), field(4, struct.pack("<Q", start)),
                field(5, u64(duration)), field(6, u64(rate)),
                field(7, struct.pack("<Q", requests)), field(8, u32(concurrency)),
                field(9, b"\x01" if flags & 2 else None)])
            out += struct.pack("<I", len(fields)) + fields
        salt = self.manifest["salt"]
        if salt is not None:
            words = [word.encode() for word in salt["words"]]
            out += struct.pack("<III", salt["count"], len(words), len(words[0])) + b"".join(words)
        return sha256(b"\x00", out)

    def check_head(self, method, path, headers, labels, rule):
        """What a request sends in front of its body; labels are a map."""
        rule(METHOD.fullmatch(method), f"{method!r} is no method")
        rule(PATH.fullmatch(path), f"{path!r} is no path")
        for name, value in headers:
            rule(HEADER_NAME.fullmatch(name), f"{name!r} is no header name in lower case")
            rule(name not in FORBIDDEN_HEADERS, f"header {name} is forbidden")
            rule(HEADER_VALUE.fullmatch(value), f"header {name} has another value than ASCII")
        rule(len(dict(labels)) == len(labels), "a label stands twice")

    def request(self, index):
        """Checks request `index` and its leaf; gives it as a dictionary."""
        what, at = f"request {index}", self.place["REQUESTS"][0] + 96 * index
        (start_kind, flags, response, zero, stage, start, after, cancel, first, segments, tokens_in,
         body_bytes, tokens_out, session, turn, model, adapter, method, path, headers, labels,
         cancel_tokens) = REQUEST.unpack_from(self.data, at)

        def rule(good, text):
            self.require(good, "REQUESTS", at, f"{what}: {text}")

        rule(start_kind <= 2 and flags <= 7 and response <= 8, "an undefined value")
        rule(zero == 0, "a field that must be zero is not")
        rule(cancel_tokens != 0, "cancel_after_tokens is zero")
        rule(cancel_tokens == NONE32 or (cancel == NONE64 and flags & 1), "cancelled otherwise")
        rule(stage < len(self.stages), "its stage is past the last")
        rule(start <= MAX_TIME_NS and (cancel <= MAX_TIME_NS or cancel == NONE64), "time limit")
        rule((session == NONE32) == (turn == NONE32), "session and turn are set only together")
        waits = start_kind == 1 or (start_kind == 0 and after != NONE64)
        delay = start if start_kind == 1 else 0
        rule(after < index if waits else after == NONE64, "after_request")
        self.stage_of.append(stage)
        rule(not waits or self.stage_of[after] <= stage, "waits for a later stage")
        if start_kind == 0:
            base = stage if self.stages[stage][2] & 2 else None
            rule(start >= self.latest_ns.get(base, 0), "starts before an earlier one")
            self.latest_ns[base] = start
        rule(start_kind != 2 or start == 0, "a slot start has a time")
        rule(start_kind != 2 or self.stages[stage][1] == 1, "a slot of a stage that has none")
        rule(body_bytes <= MAX_BODY_BYTES, "its body is over the limit")
        rule(first + segments <= self.count("SEGMENTS"), "its body reaches past SEGMENTS")
        pieces = self.body(first, segments, what)
        body = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        rule(len(body) == body_bytes, "body_bytes is wrong")
        for text, optional in ((model, 0), (method, 0), (path, 0), (session, 1), (adapter, 1)):
            rule(text < self.count("STRINGS") or (optional and text == NONE32),
                 f"string id {text} is past the last")
        for pair_list in (headers, labels):
            rule(pair_list < self.count("PAIR_LISTS") or pair_list == NONE32,
                 f"pair-list id {pair_list} is past the last")
        session = self.string(session, what, optional=True)
        splices = self.check_answers(index, pieces, flags, session, turn, rule)
        salt = self.salt_position(first, segments, rule) if flags & 4 else None
        model, adapter = self.string(model, what), self.string(adapter, what, optional=True)
        method, path = self.string(method, what), self.string(path, what)
        headers, labels = self.pairs(headers, what), self.pairs(labels, what)
        self.check_head(method, path, headers, labels, rule)

        def pairs(tag, items):
            texts = [text.encode() for pair in items for text in pair]
            value = struct.pack("<I", len(items)) + b"".join(
                struct.pack("<I", len(text)) + text for text in texts)
            return field(tag, value if items else None)

        encoded = REQUEST_PREFIX + b"".join([
            field(0x00, struct.pack("<Q", index)),
            field(0x01, struct.pack("<Q", start) if start_kind == 0 else None),
            field(0x02, struct.pack("<QQ", after, delay) if waits else None),
            field(0x03, b"" if start_kind == 2 else None),
            field(0x04, struct.pack("<I", stage)),
            field(0x05, None if session is None else session.encode()), field(0x06, u32(turn)),
            field(0x07, model.encode()), field(0x08, None if adapter is None else adapter.encode()),
            field(0x09, method.encode()), field(0x0a, path.encode()), pairs(0x0b, headers),
            field(0x0c, bytes([flags & 1])), field(0x0d, bytes([response])), field(0x0e, u64(cancel)),
            field(0x0f, u32(tokens_in)), field(0x10, u32(tokens_out)), pairs(0x11, labels),
            field(0x12, struct.pack("<Q", len(body)) + sha256(body)),
            field(0x13, u32(cancel_tokens)),
            field(0x14, struct.pack("<I", len(splices)) + b"".join(
                struct.pack("<QQ", *splice) for splice in splices) if splices else None),
            field(0x15, None if salt is None else struct.pack("<Q", salt))])
        leaf, leaf_at = sha256(b"\x00", encoded), self.place["LEAVES"][0] + 32 * index
        self.require(leaf == self.data[leaf_at:leaf_at + 32], "LEAVES", leaf_at, f"{what} differs")
        self.counts[stage] += 1
        self.body_bytes += len(body)
        return {"index": index, "at_ns": start if start_kind == 0 else None,
                "after": {"request": after, "delay_ns": delay} if waits else None,
                "stage": stage, "session": session, "turn": None if turn == NONE32 else turn,
                "model": model, "adapter": adapter, "method": method, "path": path,
                "headers": grouped(headers), "stream": flags & 1 == 1,
                "input_tokens": None if tokens_in == NONE32 else tokens_in,
                "output_tokens": None if tokens_out == NONE32 else tokens_out,
                "cancel_after_ns": None if cancel == NONE64 else cancel,
                "cancel_after_tokens": None if cancel_tokens == NONE32 else cancel_tokens,
                "labels": dict(labels), "leaf": leaf.hex(),
                "body": None if splices else readable(body),
                "body_parts": parts_of(pieces) if splices else None}

    def check_answers(self, index, pieces, flags, session, turn, rule):
        """(literal bytes in front, answered request) for each answer that is put into a body."""
        splices, position = [], 0
        self.turn_of.append((session, turn))
        for piece in pieces:
            if isinstance(piece, bytes):
                position += len(piece)
                continue
            rule(piece < index, f"repeats the answer to {piece}, which is not before it")
            rule(session is not None and self.turn_of[piece][0] == session, "another session")
            rule(self.turn_of[piece][1] < turn, "repeats the answer of a later turn")
            rule(self.stage_of[piece] <= self.stage_of[index], "the answer of a later stage")
            splices.append((position, piece))
        rule(len(splices) <= MAX_ANSWERS and bool(splices) == bool(flags & 2), "answers or flag")
        return splices

    def verify(self, show=None):
        """Checks everything behind the section table; `show` is called with each request."""
        self.check_tables()
        for index in range(self.count("REQUESTS")):
            request = self.request(index)
            if show:
                show(request)
        raw = self.bytes_of("LEAVES")
        leaves = [raw[i:i + 32] for i in range(0, len(raw), 32)]
        root = merkle_root([self.stages_leaf()] + leaves)
        self.require(root == self.content_hash, "TRAILER", self.trailer, "content_hash differs")


def main(arguments):
    show_requests = "--requests" in arguments
    files = [argument for argument in arguments if argument != "--requests"]
    if not files or any(name.startswith("-") for name in files):
        print(__doc__, file=sys.stderr)
        return 2
    status = 0
    for name in files:
        try:
            workload = Workload(name)
            workload.verify((lambda row: print(json.dumps(row))) if show_requests else None)
        except (Fault, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            status = 1
            continue
        if not show_requests:
            print(json.dumps({
                "file": name, "file_hash": workload.file_hash.hex(),
                "content_hash": workload.content_hash.hex(),
                "requests": workload.count("REQUESTS"), "body_bytes": workload.body_bytes}))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
