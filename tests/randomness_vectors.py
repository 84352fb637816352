#!/usr/bin/env python3
"""Checks the test vectors of schemas/RANDOMNESS.md with randomness.py and randomness_data.py,
beside this file.

Integers must agree exactly, floats within 1e-12 relative (Python's math library is not the
pinned libm). What needs the tokenizer's vocabulary (the words, the text hashes) is left to
compiler/tests/rng_vectors.rs and data_vectors.rs.

usage: randomness_vectors.py [RANDOMNESS.md]      exit 0: all agree, 1: at least one does not
"""

import hashlib
import itertools
import math
import pathlib
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is
import randomness_data as data  # noqa: E402
from randomness import (  # noqa: E402
    Distribution,
    Pairs,
    RateProfile,
    Stream,
    block_ranks,
    interval_exposure,
    key,
    parse_call,
    prompt_pieces,
)

FLOAT_TOLERANCE = 1e-12


def table(text, heading):
    section = text.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert rows, f"no table under {heading}"
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


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
        # A population in front is already part of the printed identifier.
        check.equal(f"key {seed} {identifier}", digest, key(int(seed), identifier).hex())
    for call, printed in table(text, "Vectors: indices"):
        name, (high, low) = parse_call(call)
        shift = {"request_index": 40, "looped_ordinal": 28}[name]
        check.equal(call, printed, str(high * 2**shift + low))
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
    for call, identifier, index, order, after in table(text, "Vectors: permutations"):
        stream = Stream(identifier, int(index))
        check.numbers(f"{call} {index}", order, stream.permutation(*parse_call(call)[1]))
        check.equal(f"draw after {call} {index}", after, f"{stream.draw():016x}")


def check_distributions(text, check):
    for call, identifier, printed in table(text, "Vectors: distributions"):
        distribution = Distribution(call)
        values = [distribution.sample(Stream(identifier, item)) for item in range(8)]
        check.numbers(f"distribution {call}", printed, values)
    for call, *printed in table(text, "Vectors: weights"):
        d = Distribution(call)
        w = d.weights
        facts = [d.first, len(w), sum(w), w[0], w[len(w) // 2], w[-1]]
        check.equal(f"weights {call}", printed, [str(fact) for fact in facts])
    for written, printed in table(text, "Vectors: pairs"):
        pairs = Pairs(written)
        drawn = [pairs.sample(Stream("models.sequence.distribution", item)) for item in range(4)]
        check.numbers(f"pairs {written}", printed, list(itertools.chain(*drawn)))


def check_times(text, check):
    for call, printed in table(text, "Vectors: intervals"):
        exposures = [interval_exposure(*parse_call(call), ordinal) for ordinal in range(4)]
        check.numbers(f"interval {call}", printed, exposures)
    for call, whole, times in table(text, "Vectors: rate profiles"):
        ramp, args = parse_call(call)
        profile = RateProfile(ramp, *args)
        # The floats of an exponential ramp may differ; integers must not.
        kind = float if ramp == "exponential" else int
        check.numbers(f"exposure {call}", whole, [kind(profile.exposure(profile.T))])
        printed_whole = int(whole)
        exposures = [0, printed_whole // 3, printed_whole * 2 // 3, printed_whole - 1]
        check.numbers(f"times {call}", times, [kind(profile.time(e)) for e in exposures])


def check_text(text, check):
    words = int(dict(table(text, "Vectors: corpus"))["vocabulary words"])
    for block, ranks, _ in table(text, "Vectors: corpus blocks"):
        check.numbers(f"corpus block {block}", ranks, block_ranks(int(block), words))
    for index, tokens, pieces, _ in table(text, "Vectors: prompts"):
        stream = Stream("dataset.prompt.corpus", int(index))
        check.equal(f"prompt {index} {tokens}", pieces, prompt_pieces(stream, int(tokens)))


def listed(values):
    """Lists one behind the other."""
    return "; ".join(", ".join(map(str, value)) for value in values)


def check_drawn_texts(text, check):
    words = int(dict(table(text, "Vectors: corpus"))["vocabulary words"])
    for index, tokens, ranks in table(text, "Vectors: random text"):
        check.numbers(f"random {index}", ranks, data.random_words(int(index), int(tokens), words))
    for block, first, digest in table(text, "Vectors: code"):
        lines = data.Code(int(block), words).lines()
        check.equal(f"code {block}", first, lines[1].strip())
        whole = "".join(line + "\n" for line in lines)
        check.equal(f"code {block} whole", digest, hashlib.sha256(whole.encode()).hexdigest())
    for populations, number, ordinal, ranks in table(text, "Vectors: leads"):
        spelt = data.lead(int(populations), int(number), int(ordinal), words)
        check.numbers(f"lead {populations} {number} {ordinal}", ranks, spelt)


def check_media(text, check):
    for kind, count, pool, printed in table(text, "Vectors: selections"):
        held = [data.selection(kind, count, int(pool), index) for index in range(4)]
        check.equal(f"selection {kind} {count}", printed, listed(held))
    for width, height, weights, printed in table(text, "Vectors: images"):
        weights = [int(weight) for weight in weights.split(", ")]
        named = ("png", "jpeg", "webp")
        shown = []
        for number in range(4):
            w, h = data.dimensions(width, height, number)
            shown.append(f"{w}x{h} {named[data.image_format(weights, number)]}")
        check.equal(f"images {width} {height}", printed, ", ".join(shown))
    for number, width, height, printed in table(text, "Vectors: noise"):
        pixels = data.pixels(int(number), int(width), int(height))
        check.equal(f"noise {number}", printed, pixels.hex())
    for duration, rates, depths, printed in table(text, "Vectors: clips"):
        rates, depths = ([int(v) for v in values.split(", ")] for values in (rates, depths))
        shown = ["/".join(map(str, data.clip(duration, rates, depths, m))) for m in range(4)]
        check.equal(f"clips {duration}", printed, ", ".join(shown))
    for number, depth, printed in table(text, "Vectors: samples"):
        check.numbers(f"samples {number}", printed, data.samples(int(number), int(depth), 6))


def check_choices(text, check):
    for pool, printed in table(text, "Vectors: prefix choices"):
        drawn = [Stream("dataset.prompt.prefix", i).below(int(pool)) for i in range(8)]
        check.numbers(f"prefix of {pool}", printed, drawn)
    for kind, count, length, printed in table(text, "Vectors: documents"):
        is_batch = kind == "batch"
        lengths = [data.documents(count, length, index, is_batch) for index in range(3)]
        check.equal(f"{kind} {count} {length}", printed, listed(lengths))
    for call, printed in table(text, "Vectors: data sets"):
        order, conversations = parse_call(call)
        if order == "random_pool":
            drawn = [data.taken_of_pools(conversations, ordinal) for ordinal in range(6)]
            check.equal(call, printed, listed(drawn))
        else:
            drawn = [data.taken(order, conversations, ordinal) for ordinal in range(12)]
            check.numbers(call, printed, drawn)


def main(arguments):
    beside = pathlib.Path(__file__).resolve().parent.parent / "schemas" / "RANDOMNESS.md"
    document = pathlib.Path(arguments[0]) if arguments else beside
    text = document.read_text(encoding="utf-8")
    check = Check()
    check_streams(text, check)
    check_samplers(text, check)
    check_distributions(text, check)
    check_times(text, check)
    check_text(text, check)
    check_drawn_texts(text, check)
    check_media(text, check)
    check_choices(text, check)
    print(f"{check.compared} comparisons, {check.wrong} wrong")
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
