"""An implementation of schemas/RANDOMNESS.md, standard library only.

ChaCha12, the key rule and every sampler are written here from the document, not from the Rust
code. What needs the tokenizer's vocabulary is left out. Floats are those of Python's math
library, which is not the pinned libm: they may differ in the last places.
"""

import bisect
import hashlib
import itertools
import math
import re
import struct

SEED = 42
CORPUS_WORDS = 2**17
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

    def skew_normal(self, m, s, a):
        h, p = math.sqrt(1 + a * a), 2 / math.pi
        d = a / h
        w = s / math.sqrt(1 - p * d * d)
        z0 = self.standard_normal()
        z1 = self.standard_normal()
        return m - w * d * math.sqrt(p) + w * (d * abs(z0) + z1 / h)

    def gamma(self, k):
        if k < 1:
            return self.gamma(k + 1) * self.unit_open_closed() ** (1 / k)
        d = k - 1 / 3
        c = 1 / math.sqrt(9 * d)
        while True:
            x = self.standard_normal()
            r = 1 + c * x
            if r <= 0:
                continue
            v = r * r * r
            u = self.unit_open_closed()
            if math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v

    def weibull(self, k):
        return self.exponential() ** (1 / k) / math.gamma(1 + 1 / k)

    def share(self, a, b):
        below = 2**64 * a // b
        return int(below == 2**64) if below in (0, 2**64) else int(self.draw() < below)

    def permutation(self, n):
        order = list(range(n))
        for i in reversed(range(1, n)):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def round_half_away(x):
    return math.floor(x + 0.5) if x - math.floor(x) != 0.5 else math.floor(x) + (x > 0)


def poisson_weights(m):
    """Least value and weights."""
    mode = math.floor(m)
    weights, least, r = [2**50], mode, 1.0
    while least > 0:
        r *= least / m
        if math.floor(2**50 * r) == 0:
            break
        weights.insert(0, math.floor(2**50 * r))
        least -= 1
    r = 1.0
    for k in itertools.count(mode + 1):
        r *= m / k
        if math.floor(2**50 * r) == 0:
            return least, weights
        weights.append(math.floor(2**50 * r))


def zipf_weights(e, low, high):
    weights = (math.floor(2**42 * math.pow(low / k, e)) for k in range(low, high + 1))
    return low, list(itertools.takewhile(bool, weights))


class Distribution:
    """One row of the table of distributions; its last two arguments are the bounds."""

    def __init__(self, text):
        self.name, self.args = parse_call(text)
        bounds = self.args * 2 if self.name == "fixed" else self.args[-2:]
        self.low, self.high = map(int, bounds)
        self.first, self.weights = 0, None
        if self.name == "poisson":
            self.first, self.weights = poisson_weights(self.args[0])
        if self.name == "zipf":
            self.first, self.weights = zipf_weights(self.args[0], self.low, self.high)
        if self.name == "empirical":
            self.weights = [weight for _, weight in self.args[:-2]]
        self.cumulative = list(itertools.accumulate(self.weights or []))

    def clamp(self, value):
        return min(max(value, self.low), self.high)

    def sample(self, stream):
        args = self.args[:-2]
        if self.low == self.high:
            return self.low
        if self.name == "uniform":
            return stream.uniform_inclusive(self.low, self.high)
        if self.weights:
            item = stream.choose(self.cumulative, self.weights)
            return self.clamp(args[item][0] if self.name == "empirical" else self.first + item)
        if self.name == "exponential":
            value = args[0] * stream.exponential()
        elif args[1] == 0:
            value = args[0]
        else:
            value = getattr(stream, self.name)(*args)
        units = self.clamp(round_half_away(value))
        # Where the last place of a float is more than a unit it is compared as one.
        return float(units) if units > 1e13 else units


class Pairs:
    """`input output weight; ...`"""

    def __init__(self, text):
        rows = [re.fullmatch(r"(.*\)) (.*\)) (\d+)", row.strip()).groups() for row in text.split(";")]
        self.pairs = [(Distribution(i), Distribution(o)) for i, o, _ in rows]
        self.weights = [int(weight) for *_, weight in rows]

    def sample(self, stream):
        pair = self.pairs[stream.weighted(*self.weights)]
        return [distribution.sample(stream) for distribution in pair]


INTERVALS = {
    "exponential": "timing.request.poisson_interval",
    "gamma": "timing.request.gamma_interval",
    "weibull": "timing.request.weibull_interval",
}


def interval_exposure(name, args, ordinal):
    if name == "even":
        return 10**15
    gap = getattr(Stream(INTERVALS[name], ordinal), name)(*args)
    if name == "gamma":
        gap /= args[0]
    return float(round_half_away(gap * 1e15))


class RateProfile:
    """Rate from a to b over T ns."""

    def __init__(self, ramp, a, b, T):
        self.ramp, self.a, self.b, self.T = ramp, a, b, T

    def exposure(self, t):
        a, b, T = self.a, self.b, self.T
        if a == b:
            return a * t
        if self.ramp == "linear":
            return -((-2 * T * a * t - (b - a) * t * t) // (2 * T))
        return self.growth(t) if a < b else max(0, self.growth(T) - self.growth(T - t))

    def growth(self, t):
        low, high = min(self.a, self.b), max(self.a, self.b)
        g = math.log(high / low)
        return round_half_away(low * self.T / g * math.expm1(g * (t / self.T)))

    def time(self, exposure):
        low, high = 0, self.T
        while high - low > 1:
            middle = low + (high - low) // 2
            if self.exposure(middle) <= exposure:
                low = middle
            else:
                high = middle
        return low


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


def parse_call(text):
    name, inside = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    return name, [parse_argument(part.strip()) for part in inside.split(",") if part.strip()]


def parse_argument(text):
    if ":" in text:
        return tuple(int(part) for part in text.split(":"))
    return int(text) if text.isdigit() else float(text)
