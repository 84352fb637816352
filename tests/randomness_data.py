"""What schemas/RANDOMNESS.md says of texts, media, documents and data sets, standard library only.

Written from the document, as randomness.py is, which it draws from. Words of the vocabulary are
spelt `w` and their rank here: which words they are needs the tokenizer.
"""

import itertools

from randomness import Distribution, Stream

MILLION = 10**6


def word_weights(words):
    return [2**32 // (rank + 10) for rank in range(words)]


class Code:
    """One block of the corpus of code."""

    SIGNS = ("+", "-", "*", "//", "%")
    OPERATORS = ("==", "!=", "<", ">", "<=", ">=")

    def __init__(self, block, words):
        self.stream = Stream("dataset.corpus.code", block)
        self.weights = word_weights(words)
        self.cumulative = list(itertools.accumulate(self.weights))
        self.depth = 0

    def lines(self):
        return [self.line() for _ in range(64)]

    def line(self):
        indent = "    " * self.depth
        return indent + (self.statement() if self.depth else self.function())

    def function(self):
        self.depth = 1
        return "def " + self.name() + self.list() + ":"

    def statement(self):
        shape = self.stream.below(9 if self.depth < 4 else 7)
        if shape == 0:
            return "#" + "".join(" " + self.word() for _ in range(3 + self.stream.below(6)))
        if shape == 1:
            self.depth -= 1
            return "return " + self.word()
        if shape == 2:
            return self.word() + " = " + self.name() + self.list()
        if shape == 3:
            return self.word() + "." + self.name() + self.list()
        if shape == 4:
            parts = (self.word(), self.word(), self.one_of(self.SIGNS), self.number())
            return "{} = {} {} {}".format(*parts)
        if shape == 5:
            return self.word() + '["' + self.name() + '"] = ' + self.word()
        if shape == 6:
            return "assert " + self.comparison()
        self.depth += 1
        if shape == 7:
            return "if " + self.comparison() + ":"
        return "for " + self.word() + " in " + self.name() + self.list() + ":"

    def comparison(self):
        left, operator = self.word(), self.one_of(self.OPERATORS)
        right = self.word() if self.stream.below(2) else self.number()
        return f"{left} {operator} {right}"

    def name(self):
        first = self.word()
        return first + "_" + self.word() if self.stream.below(2) else first

    def list(self):
        return "(" + ", ".join(self.word() for _ in range(self.stream.below(4))) + ")"

    def word(self):
        return f"w{self.stream.choose(self.cumulative, self.weights)}"

    def one_of(self, choices):
        return choices[self.stream.below(len(choices))]

    def number(self):
        return str(self.stream.below(1000))


def lead(populations, number, ordinal, words):
    """The ranks that spell the identity of a conversation."""
    identity = ordinal * populations + number
    count = 1
    while words**count < 2**40 * populations:
        count += 1
    ranks = []
    for _ in range(count):
        ranks.append(identity % words)
        identity //= words
    return ranks


def random_words(index, tokens, words):
    stream = Stream("dataset.prompt.corpus", index)
    return [stream.below(words) for _ in range(tokens)]


def selection(kind, count, pool, index):
    """Which items of the pool a request holds."""
    held = Distribution(count).sample(Stream(f"dataset.{kind}.count", index))
    stream = Stream(f"dataset.{kind}.selection", index)
    return [stream.below(pool) for _ in range(held)]


def noise(stream, size):
    """So many bytes of the stream's draws."""
    draws = -(-size // 8)
    return b"".join(stream.draw().to_bytes(8, "little") for _ in range(draws))[:size]


def dimensions(width, height, number):
    """Of an image; `height` may be `ratio` and a distribution of it in 10^-6."""
    stream = Stream("dataset.image.dimensions", number)
    is_ratio = height.startswith("ratio ")
    w = Distribution(width).sample(stream)
    h = Distribution(height.removeprefix("ratio ")).sample(stream)
    if is_ratio:
        h = min(max((2 * w * MILLION + h) // (2 * h), 1), 8192)
    return w, h


def image_format(weights, number):
    """Of weights of PNG, JPEG and WebP, the number of one."""
    return Stream("dataset.image.format", number).weighted(*weights)


def pixels(number, width, height):
    return noise(Stream("dataset.image.source", number), width * height * 3)


def clip(duration, rates, depths, number):
    """Sample rate, bit depth and number of samples."""
    d = Distribution(duration).sample(Stream("dataset.audio.duration", number))
    stream = Stream("dataset.audio.format", number)
    rate = rates[stream.below(len(rates))]
    depth = depths[stream.below(len(depths))]
    return rate, depth, max((int(d) * rate + 5 * 10**8) // 10**9, 1)


def samples(number, depth, count):
    size = depth // 8
    data = noise(Stream("dataset.audio.data", number), size * count)
    parts = (data[i : i + size] for i in range(0, len(data), size))
    return [int.from_bytes(part, "little", signed=True) for part in parts]


def documents(count, length, index, is_batch):
    """Lengths of the documents of a request."""
    made = Distribution(count).sample(Stream("dataset.document.count", index)) - is_batch
    stream = Stream("dataset.document.length", index)
    return [Distribution(length).sample(stream) for _ in range(made)]


def taken(order, conversations, ordinal):
    """The conversation that a session takes; `sharegpt` takes those that it keeps in turn."""
    count = conversations[-1]
    if order == "sharegpt":
        kept = Stream("dataset.loader.sharegpt", 0).permutation(conversations[0])[:count]
        return sorted(kept)[ordinal % count]
    if order == "random":
        return Stream("dataset.sampler.random", ordinal).below(count)
    if order == "shuffle":
        return Stream("dataset.sampler.shuffle", ordinal // count).permutation(count)[ordinal % count]
    return ordinal % count


def taken_of_pools(lines, ordinal):
    """A line of each pool."""
    stream = Stream("dataset.loader.random_pool", ordinal)
    return [stream.below(count) for count in lines]
