#!/usr/bin/env python3
"""Checks the test vectors of schemas/RANDOMNESS.md with an implementation of its own.

Standard library only. ChaCha12, the key rule and every sampler are written here from the
document, not from the Rust code. Integers must agree exactly, floats within 1e-12 relative
(Python's math library is not the pinned libm). What needs the tokenizer's vocabulary (the
words, the text hashes) is left to compiler/tests/rng_vectors.rs.

usage: randomness_vectors.py [RANDOMNESS.md]      exit 0: all agree, 1: at least one does not
"""

import bisect
import hashlib
import itertools
import math
import pathlib
import re
import struct
import sys

SEED = 42
CORPUS_WORDS = 2**17
FLOAT_TOLERANCE = 1e-12
U32, U64 = 2**32 - 1, 2**64 - 1


def key(seed, identifier):
    return hashlib.sha256(f"{seed}:{identifier}".encode()).digest()


def quarter_round(x, a, b, c, d):
    for into, add, turn, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[into] = (x[into] + x[add]) & U32
        mixed = x[turn] ^ x[into]
        x[turn] = ((mixed << by) | (mixed >> (32 - by))) & U32


def chacha12_block(key_bytes, counter, stream):
    start = list(struct.unpack("<4I", b"expand 32-byte k"))
    start += struct.unpack("<8I", key_bytes)
    start += [counter & U32, counter >> 32, stream & U32, stream >> 32]
    x = list(start)
    for _ in range(6):
        for i in range(4):
            quarter_round(x, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter_round(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & U32 for a, b in zip(x, start)))


class Stream:
    """The draws of one item."""

    def __init__(self, identifier, index, seed=SEED):
        self.draws = self._draws(key(seed, identifier), index)

    @staticmethod
    def _draws(key_bytes, index):
        for counter in itertools.count():
            yield from struct.unpack("<8Q", chacha12_block(key_bytes, counter, index))

    def draw(self):
        return next(self.draws)

    def below(self, n):
        if n == 1:
            return 0
        while True:
            product = self.draw() * n
            if product & U64 >= 2**64 % n:
                return product >> 64

    def unit_open_closed(self):
        return ((self.draw() >> 11) + 1) * 2.0**-53

    def unit_half_open(self):
        return (self.draw() >> 11) * 2.0**-53

    def uniform_inclusive(self, low, high):
        count = high - low + 1
        return self.draw() if count == 2**64 else low + self.below(count)

    def weighted(self, *weights):
        return self.choose(list(itertools.accumulate(weights)), weights)

    def choose(self, cumulative, weights):
        if sum(w > 0 for w in weights) == 1:
            return next(i for i, w in enumerate(weights) if w > 0)
        return bisect.bisect_right(cumulative, self.below(cumulative[-1]))

    def exponential(self):
        return 0 - math.log(self.unit_open_closed())

    def exponential_exposure(self):
        # As a float: it stands for a rounded product and is compared with the tolerance.
        return float(round_half_away(self.exponential() * 1e15))

    def standard_normal(self):
        u = self.unit_open_closed()
        v = self.unit_half_open()
        return math.sqrt(-2 * math.log(u)) * math.cos(math.tau * v)

    def normal(self, m, s):
        return m + s * self.standard_normal()

    def lognormal(self, m, s):
        q = math.log1p((s / m) * (s / m))
        return math.exp(math.log(m) - q / 2 + math.sqrt(q) * self.standard_normal())


def round_half_away(x):
    return math.floor(x + 0.5) if x - math.floor(x) != 0.5 else math.floor(x) + (x > 0)


def length(name, args, identifier, item):
    if name == "fixed":
        return int(args[0])
    low, high = int(args[-2]), int(args[-1])
    if low == high:
        return low
    if name == "uniform":
        return Stream(identifier, item).uniform_inclusive(low, high)
    m, s = args[0], args[1]
    value = m if s == 0 else getattr(Stream(identifier, item), name)(m, s)
    return min(max(round_half_away(value), low), high)


def prompt_pieces(stream, tokens):
    pieces = [str(stream.below(CORPUS_WORDS)) for _ in range(min(tokens, 3))]
    if tokens > 3:
        pieces.append(f"{stream.below(CORPUS_WORDS)}+{tokens - 3}")
    return ", ".join(pieces)


def block_ranks(block, words):
    weights = [2**32 // (rank + 10) for rank in range(words)]
    cumulative = list(itertools.accumulate(weights))
    stream = Stream("dataset.corpus.words", block)
    return [stream.choose(cumulative, weights) for _ in range(8)]


def table(text, heading):
    section = text.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert rows, f"no table under {heading}"
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def parse_call(text):
    name, inside = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    numbers = [part.strip() for part in inside.split(",") if part.strip()]
    return name, [int(n) if n.isdigit() else float(n) for n in numbers]


class Check:
    """Counts what was compared and prints what disagrees."""

    def __init__(self):
        self.compared = self.wrong = 0

    def equal(self, where, printed, computed):
        self.compared += 1
        if printed != computed:
            self.wrong += 1
            print(f"{where}: document {printed}, computed {computed}")

    def numbers(self, where, printed, computed):
        printed = printed.split(", ")
        self.equal(f"{where} count", len(printed), len(computed))
        for text, value in zip(printed, computed):
            if isinstance(value, float):
                close = math.isclose(float(text), value, rel_tol=FLOAT_TOLERANCE)
                self.equal(where, text, text if close else value)
            else:
                self.equal(where, text, str(value))


def check_streams(text, check):
    for seed, identifier, digest in table(text, "Vectors: keys"):
        check.equal(f"key {seed} {identifier}", digest, key(int(seed), identifier).hex())
    for identifier, index, *printed in table(text, "Vectors: draws"):
        stream = Stream(identifier, int(index))
        check.equal(f"draws {identifier} {index}", printed, [f"{stream.draw():016x}" for _ in range(4)])
    for identifier, index, *printed in table(text, "Vectors: far draws"):
        stream = Stream(identifier, int(index))
        draws = [f"{stream.draw():016x}" for _ in range(33)]
        check.equal(f"far draws {identifier} {index}", printed, [draws[i] for i in (7, 8, 32)])


def check_samplers(text, check):
    for call, identifier, index, results, after in table(text, "Vectors: calls"):
        name, args = parse_call(call)
        stream = Stream(identifier, int(index))
        values = [getattr(stream, name)(*args) for _ in range(4)]
        check.numbers(f"{call} {identifier} {index}", results, values)
        check.equal(f"draw after {call} {identifier} {index}", after, f"{stream.draw():016x}")
    for call, identifier, printed in table(text, "Vectors: lengths"):
        name, args = parse_call(call)
        values = [length(name, args, identifier, item) for item in range(8)]
        check.numbers(f"lengths {call}", printed, values)


def check_text(text, check):
    words = int(dict(table(text, "Vectors: corpus"))["vocabulary words"])
    for block, ranks, _ in table(text, "Vectors: corpus blocks"):
        check.numbers(f"corpus block {block}", ranks, block_ranks(int(block), words))
    for index, tokens, pieces, _ in table(text, "Vectors: prompts"):
        stream = Stream("dataset.prompt.corpus", int(index))
        check.equal(f"prompt {index} {tokens}", pieces, prompt_pieces(stream, int(tokens)))


def main(arguments):
    beside = pathlib.Path(__file__).resolve().parent.parent / "schemas" / "RANDOMNESS.md"
    document = pathlib.Path(arguments[0]) if arguments else beside
    text = document.read_text(encoding="utf-8")
    check = Check()
    check_streams(text, check)
    check_samplers(text, check)
    check_text(text, check)
    print(f"{check.compared} comparisons, {check.wrong} wrong")
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
