#!/usr/bin/env python3
"""summary.json of a run, worked out a second time.

    python3 tests/recompute.py RESULT_DIRECTORY

Reads records.wlr and run.json by schemas/RESULTS.md alone, with the standard library alone, and
prints what summary.json has to say. Shares nothing with the program: values are exact fractions,
and every gap between tokens is kept, where the program counts gaps in buckets. Slow and plain on
purpose; not for large runs.
"""

import json
import pathlib
import statistics
import struct
import sys
from fractions import Fraction

NONE16, NONE32, NONE64 = 2**16 - 1, 2**32 - 1, 2**64 - 1
OUTCOMES = ["ok", "error", "timeout", "cancelled", "not_sent"]
CLASSES = [
    "none", "connect", "write", "closed", "protocol", "status", "too_large", "stream",
    "interrupted", "workload", "overload", "session_ended", "reset", "malformed", "reported",
    "cut_short", "no_response", "stalled",
]  # fmt: skip
PERCENTILES = {
    "p0.1": "0.1", "p1": "1", "p5": "5", "p10": "10", "p25": "25", "median": "50", "p75": "75",
    "p90": "90", "p95": "95", "p99": "99", "p99.9": "99.9",
}  # fmt: skip
CANCEL, STREAM, NEW_CONNECTION, ANSWERS = 8, 2, 1, 4
SECOND = 10**9

# ---------------------------------------------------------------- records.wlr, section 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


RECORD = struct.Struct("<10Q32s" + "11I" + "I" + "HHBBBBIHH")
FIELDS = (
    "index scheduled sent written first_byte first_token last_token end cancel_due bytes leaf "
    "stage session turn model adapter events token_count input output usage_input usage_output "
    "connection worker status outcome class flags zero token_bytes target population"
).split()
TIMES = "scheduled sent written first_byte first_token last_token end cancel_due".split()
assert RECORD.size == 176 and len(RECORD.unpack(bytes(176))) == len(FIELDS)


class Request:
    """One record; None where the file has none."""

    def __init__(self, payload, at):
        for name, value in zip(FIELDS, RECORD.unpack_from(payload, at)):
            setattr(self, name, value)
        for name in TIMES:
            setattr(self, name, None if getattr(self, name) == NONE64 else getattr(self, name))
        for name in "session turn adapter input output usage_input usage_output".split():
            setattr(self, name, None if getattr(self, name) == NONE32 else getattr(self, name))
        at += RECORD.size + (32 if self.flags & ANSWERS else 0)
        self.token_times = token_times(payload[at : at + self.token_bytes], self.sent)
        assert self.token_bytes == 0 or len(self.token_times) == self.token_count
        self.behind = at + self.token_bytes
        self.outcome = OUTCOMES[self.outcome]
        self.ok = self.outcome == "ok"
        self.failed = self.outcome in ("error", "timeout")
        self.streamed = bool(self.flags & STREAM)
        self.to_cancel = bool(self.flags & CANCEL)

    def is_credible(self, stages):
        """The paragraph "Credible records"."""
        if self.stage >= stages:
            return False
        if (self.cancel_due is not None and not self.to_cancel) or (
            self.outcome == "cancelled" and self.cancel_due is None
        ):
            return False
        if (self.first_token is None) != (self.last_token is None):
            return False
        ends = [self.first_token, self.last_token]
        if self.token_times and [self.token_times[0], self.token_times[-1]] != ends:
            return False
        inner = [getattr(self, name) for name in TIMES if name not in ("scheduled", "sent", "end")]
        if self.outcome == "not_sent":
            return self.sent is None and all(time is None for time in inner)
        if self.scheduled is None or self.sent is None or self.end is None:
            return False
        order = [self.first_byte, self.first_token, self.last_token]
        order = [time for time in order if time is not None]
        known = [time for time in inner if time is not None]
        return (
            self.sent <= self.end
            and all(self.sent <= time <= self.end for time in known)
            and order == sorted(order)
        )

    def output_tokens(self):
        if self.usage_output is not None:
            return self.usage_output
        return self.token_count if self.streamed else None

    def input_tokens(self):
        return self.input if self.usage_input is None else self.usage_input


def token_times(data, sent):
    times, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            times.append((times[-1] if times else sent) + value)
            value, shift = 0, 0
    assert shift == 0
    return times


def read_records(path):
    """Strings, requests in file order, and how many requests there were to be."""
    data = path.read_bytes()
    assert data[:8] == b"\x89WLR\r\n\x1a\n"
    major, minor, content_hash, count, crc = struct.unpack_from("<HH4x32sQI", data, 8)
    assert major == 1 and minor in (0, 1) and crc == crc32c(data[:56])
    at, strings, requests, kind = 64, [], [], None
    while kind != 3:
        kind, length, items, crc = struct.unpack_from("<IIII", data, at)
        payload = data[at + 16 : at + 16 + length]
        assert crc == crc32c(data[at : at + 12] + payload)
        at, inside = at + 16 + length, 0
        for _ in range(items):
            if kind == 1:
                (size,) = struct.unpack_from("<I", payload, inside)
                strings.append(payload[inside + 4 : inside + 4 + size].decode())
                inside += 4 + size
            else:
                assert kind == 2
                requests.append(Request(payload, inside))
                inside = requests[-1].behind
        assert inside == length
    assert at == len(data)
    return content_hash.hex(), count, strings, requests


# ---------------------------------------------------------------- arithmetic


def number(value):
    return None if value is None else float(value)


def ratio(part, whole):
    return None if part is None or not whole else number(Fraction(part) / Fraction(whole))


def percentile(samples, q):
    """numpy's: linear between order statistics."""
    h = (len(samples) - 1) * Fraction(q) / 100
    i = int(h)
    high = samples[min(i + 1, len(samples) - 1)]
    return samples[i] + (h - i) * (high - samples[i])


def distribution(samples):
    """Of exact values in the metric's unit."""
    samples = sorted(Fraction(sample) for sample in samples)
    if not samples:
        return None
    mean = sum(samples) / len(samples)
    found = {"mean": number(mean), "min": number(samples[0]), "max": number(samples[-1])}
    for name, q in PERCENTILES.items():
        found[name] = number(percentile(samples, q))
    found["std"] = statistics.stdev(samples) if len(samples) > 1 else None
    found["std"] = number(found["std"])
    return found


def seconds(values):
    return distribution(Fraction(value, SECOND) for value in values if value is not None)


def in_flight(requests):
    """Number between sending and end, weighted by how long it lasted."""
    spans = [(request.sent, request.end) for request in requests if request.sent is not None]
    edges = sorted({edge for span in spans for edge in span})
    lasted = {}
    for begin, end in zip(edges, edges[1:]):
        level = sum(sent <= begin and end <= until for sent, until in spans)
        lasted[level] = lasted.get(level, 0) + end - begin
    if not lasted:
        return None
    whole = sum(lasted.values())
    mean = Fraction(sum(level * time for level, time in lasted.items()), whole)
    found = {"mean": number(mean), "min": number(min(lasted)), "max": number(max(lasted))}
    for name, q in PERCENTILES.items():
        # The least that was not exceeded for q percent of the time.
        held = lambda most: sum(time for level, time in lasted.items() if level <= most)
        found[name] = number(
            min(level for level in lasted if held(level) * 100 >= whole * Fraction(q))
        )
    variance = sum((level - mean) ** 2 * time for level, time in lasted.items()) / whole
    found["std"] = float(variance) ** 0.5
    return found


def span(values):
    """From the least to the greatest, in seconds."""
    values = list(values)
    return Fraction(max(values) - min(values), SECOND) if values else None


def rate(count, over):
    return ratio(count, over) if count >= 2 else None


def rounded(value):
    """To whole ns, a half upwards: what the program keeps of a quotient."""
    return (value * 2 + 1) // 2


# ---------------------------------------------------------------- summary.json, section 3


def tpot(request):
    tokens = request.output_tokens()
    if request.first_token is None or tokens is None or tokens < 2:
        return None
    return rounded(Fraction(request.last_token - request.first_token, tokens - 1))


def ntpot(request):
    tokens = request.output_tokens()
    return rounded(Fraction(request.end - request.sent, tokens)) if tokens else None


def output_rate(request):
    """Tokens per second, to billionths."""
    tokens, took = request.output_tokens(), request.end - request.sent
    if tokens is None or took == 0:
        return None
    return Fraction(rounded(Fraction(tokens * SECOND * SECOND, took)), SECOND)


def gaps(request):
    times = request.token_times
    return [after - before for before, after in zip(times, times[1:])]


def load_summary(requests, stages, asked_rate):
    sent = [request for request in requests if request.sent is not None]
    paced = [
        request
        for request in sent
        if stages[request.stage]["kind"] == "scheduled" and request.turn in (None, 0)
    ]
    scheduled_rate = rate(len(paced), span(request.scheduled for request in paced))
    return {
        "count": len(sent),
        "schedule_delay": seconds(request.sent - request.scheduled for request in sent),
        "send_duration": number(span(request.sent for request in sent)),
        "achieved_rate": rate(len(sent), span(request.sent for request in sent)),
        "requested_rate": scheduled_rate if asked_rate is None else asked_rate,
        "paced": len(paced),
        "schedule_duration": number(span(request.scheduled for request in paced)),
        "scheduled_rate": scheduled_rate,
        "paced_rate": rate(len(paced), span(request.sent for request in paced)),
    }


def throughput(ok, duration):
    def total(usage, ours):
        known = [request for request in ok if getattr(request, usage) is not None]
        other = [request for request in ok if getattr(request, usage) is None]
        counted = [count for count in map(ours, other) if count is not None]
        by_server = sum(getattr(request, usage) for request in known)
        everything = by_server + sum(counted) if known or counted else None
        return by_server, sum(counted), len(other) - len(counted), everything

    out = total("usage_output", lambda request: request.token_count if request.streamed else None)
    into = total("usage_input", lambda request: request.input)
    both = None if out[3] is None or into[3] is None else out[3] + into[3]
    return {
        "duration_s": number(duration),
        "output_tokens_per_s": ratio(out[3], duration),
        "input_tokens_per_s": ratio(into[3], duration),
        "total_tokens_per_s": ratio(both, duration),
        "requests_per_s": ratio(len(ok), duration),
        "bytes_per_s": ratio(sum(request.bytes for request in ok), duration),
        "output_tokens_from_usage": out[0],
        "output_tokens_from_events": out[1],
        "output_unknown_requests": out[2],
        "input_tokens_from_usage": into[0],
        "input_tokens_from_workload": into[1],
        "input_unknown_requests": into[2],
    }


def observed(metric, request):
    """What an SLO limits, in ns, of a request that ended well; None if it cannot be known."""
    first, tokens = request.first_token, request.output_tokens()
    if not request.streamed:
        first = None
    if metric == "ttft":
        return None if first is None else first - request.sent
    if metric == "ttft_from_scheduled":
        return None if first is None else first - request.scheduled
    if metric == "latency":
        return request.end - request.sent
    if metric == "latency_from_scheduled":
        return request.end - request.scheduled
    if metric == "ntpot":
        return ntpot(request)
    events = request.token_count if request.streamed and metric == "itl" else tokens
    if events is not None and events < 2:
        return 0
    if first is None:
        return None
    return rounded(Fraction(request.last_token - first, events - 1))


def goodput(requests, slos, duration):
    if not slos:
        return None
    judged = [request for request in requests if request.outcome != "cancelled"]
    ok = [request for request in judged if request.ok]

    def is_met(slo, request):
        value = observed(slo["metric"], request)
        return value is not None and value <= slo["limit_ns"]

    good = [request for request in ok if all(is_met(slo, request) for slo in slos)]
    each = []
    for slo in slos:
        met = sum(is_met(slo, request) for request in ok)
        each.append(
            {
                "metric": slo["metric"],
                "limit_s": slo["limit_ns"] / SECOND,
                "met": met,
                "share": ratio(met, len(judged)),
                "unknown": sum(observed(slo["metric"], request) is None for request in ok),
            }
        )
    return {
        "requests": len(judged),
        "good": len(good),
        "share": ratio(len(good), len(judged)),
        "good_per_s": ratio(len(good), duration),
        "good_output_tokens_per_s": ratio(
            sum(request.output_tokens() or 0 for request in good), duration
        ),
        "slos": each,
    }


def by_class(requests):
    names = [CLASSES[request.__dict__["class"]] for request in requests]
    return {name: names.count(name) for name in sorted(set(names)) if name != "none"}


def measures(requests, run, asked_rate):
    sent = [request for request in requests if request.sent is not None]
    ok = [request for request in requests if request.ok]
    failed = [request for request in requests if request.failed]
    cancelled = [request for request in requests if request.outcome == "cancelled"]
    streamed = [request for request in ok if request.streamed]
    begun = [request for request in streamed if request.first_token is not None]
    times = [request.sent for request in sent] + [request.end for request in sent]
    duration = span(times)
    tokens = [request.output_tokens() for request in ok]
    inputs = [request.input_tokens() for request in ok]
    rates = [output_rate(request) for request in ok]

    def mismatches(usage, ours):
        pairs = [(getattr(request, usage), getattr(request, ours)) for request in ok]
        return sum(None not in pair and pair[0] != pair[1] for pair in pairs)

    asked = [request for request in sent if request.to_cancel]
    return {
        "load_summary": load_summary(requests, run["stages"], asked_rate),
        "latency_from_scheduled_s": seconds(request.end - request.scheduled for request in ok),
        "latency_from_sent_s": seconds(request.end - request.sent for request in ok),
        "ttft_s": seconds(request.first_token - request.sent for request in begun),
        "ttft_from_scheduled_s": seconds(
            request.first_token - request.scheduled for request in begun
        ),
        "ttst_s": seconds(
            request.token_times[1] - request.token_times[0]
            for request in begun
            if len(request.token_times) >= 2
        ),
        "itl_s": seconds(gap for request in streamed for gap in gaps(request)),
        "tpot_s": seconds(map(tpot, streamed)),
        "ntpot_s": seconds(map(ntpot, ok)),
        "output_rate": distribution(value for value in rates if value is not None),
        "input_tokens": distribution(value for value in inputs if value is not None),
        "output_tokens": distribution(value for value in tokens if value is not None),
        "response_bytes": distribution(request.bytes for request in ok),
        "failed_latency_s": seconds(request.end - request.sent for request in failed),
        "in_flight": in_flight(requests),
        "throughput": throughput(ok, duration),
        "usage": {
            "reported": sum(
                request.usage_input is not None or request.usage_output is not None
                for request in ok
            ),
            "input_mismatches": mismatches("usage_input", "input"),
            "output_mismatches": mismatches("usage_output", "output"),
        },
        "cancellation": {
            "asked": len(asked),
            "cancelled": sum(request.outcome == "cancelled" for request in asked),
            "answered_before": sum(request.ok for request in asked),
            "error_s": seconds(request.end - request.cancel_due for request in cancelled),
        },
        "errors": {
            "requests": len(requests),
            "failed": len(failed),
            "rate": ratio(len(failed), len(ok) + len(failed)),
            "by_class": by_class(requests),
        },
        "goodput": goodput(requests, run["slos"], duration),
    }


def accounting(count, requests, file_requests):
    outcomes = [request.outcome for request in requests]
    number_of = {outcome: outcomes.count(outcome) for outcome in OUTCOMES}
    first = {request.index for request in file_requests if request.index < count}
    missing, surplus = count - len(requests), len(file_requests) - len(first)
    return {
        "scheduled": count,
        "sent": len(requests) - number_of["not_sent"],
        **number_of,
        "missing": missing,
        "surplus": surplus,
        "unaccounted": missing + surplus,
        "errors_by_class": by_class(requests),
        "truncated": None,
    }


def verdict(run, books, overall):
    limits, end, reasons = run["thresholds"], run["end"], []
    load, classes = overall["load_summary"], books["errors_by_class"]

    def find(check, level, value=None, threshold=None):
        reasons.append({"check": check, "value": value, "threshold": threshold, "level": level})

    def hold(check, value, *levels):
        for level, threshold in levels:
            if value is not None and value > threshold:
                return find(check, level, value, threshold)

    if end is None:
        find("not_finished", "INVALID")
    else:
        for check in ("interrupted", "cut_short"):
            if end[check]:
                find(check, "INVALID")
    if load["count"] == 0:
        find("nothing_measured", "INVALID")
    if not run["workload"]["verified"]:
        find("workload_not_verified", "DEGRADED")
    failed = books["error"] + books["timeout"]
    share = ratio(failed, books["ok"] + failed)
    if share == 1:
        find("nothing_answered", "DEGRADED")
    dropped, ended = classes.get("overload", 0), classes.get("session_ended", 0)
    hold("unaccounted", float(books["unaccounted"]), ("INVALID", 0.0))
    hold("not_sent", float(books["not_sent"] - dropped - ended), ("INVALID", 0.0))
    hold("session_ended", float(ended), ("NOTE", 0.0))
    heavy = lambda key: (("INVALID", limits[key + "_invalid"]), ("DEGRADED", limits[key + "_degraded"]))
    light = lambda key: (("DEGRADED", limits[key + "_degraded"]), ("NOTE", limits[key + "_note"]))
    hold("dropped", ratio(dropped, books["scheduled"]), *heavy("dropped"))
    delay = load["schedule_delay"] and load["schedule_delay"]["p99"]
    levels = [
        ("INVALID", limits["schedule_delay_p99_invalid_s"]),
        ("DEGRADED", limits["schedule_delay_p99_degraded_s"]),
    ]
    hold("schedule_delay_p99", delay, *levels)
    if 0 < load["paced"] < limits["rate_min_requests"]:
        least = float(limits["rate_min_requests"])
        find("achieved_rate_too_few_requests", "NOTE", float(load["paced"]), least)
    elif load["paced"] and load["schedule_duration"] < limits["rate_min_span_s"]:
        least = limits["rate_min_span_s"]
        find("achieved_rate_short_span", "NOTE", load["schedule_duration"], least)
    elif load["paced"]:
        off = abs(load["paced_rate"] / load["scheduled_rate"] - 1)
        hold("achieved_rate", off, *heavy("rate_error"))
    if end is not None:
        whole = end["ended_ns"]
        used = [thread for thread in run["threads"] if thread["used"] is not None]
        queue = [thread["used"]["run_queue_ns"] for thread in used]
        busy = [thread["used"]["cpu_ns"] - thread["used"].get("spun_ns", 0) for thread in used]
        switches = end["involuntary_context_switches"]
        hold("run_queue", ratio(max(queue, default=None), whole), *light("run_queue"))
        hold("steal", ratio(end["steal_ns"], whole), *light("steal"))
        hold("client_busy", ratio(max(busy, default=None), whole), *light("client_busy"))
        name = "involuntary_context_switches"
        per_s = None if switches is None else ratio(switches * SECOND, whole)
        hold(name, per_s, ("NOTE", limits[name + "_per_s_note"]))
    hold("error_share", share, ("NOTE", 0.0))
    weights = ["INVALID", "DEGRADED", "NOTE"]
    reasons.sort(key=lambda reason: weights.index(reason["level"]))
    heaviest = reasons[0]["level"] if reasons else "NOTE"
    word = "VALID" if heaviest == "NOTE" else heaviest
    return {"verdict": word, "reasons": reasons, "thresholds": limits}


def sessions(requests):
    names = sorted({request.session for request in requests if request.session is not None})
    if not names:
        return None
    turns, durations = [], []
    for name in names:
        mine = [request for request in requests if request.session == name]
        turns.append(len(mine))
        if all(request.outcome in ("ok", "cancelled") for request in mine):
            durations.append(
                max(request.end for request in mine) - min(request.sent for request in mine)
            )
    return {
        "sessions": len(names),
        "complete": len(durations),
        "failed": len(names) - len(durations),
        "turns": distribution(turns),
        "duration_s": seconds(durations),
    }


def summary(directory):
    run = json.loads((directory / "run.json").read_text())
    assert run["format"] in (2, 3)
    content_hash, count, strings, in_file = read_records(directory / "records.wlr")
    assert content_hash == run["workload"]["content_hash"]
    stages, first = run["stages"], {}
    for request in in_file:
        if request.index < count:
            first.setdefault(request.index, request)
    requests = [first[index] for index in sorted(first)]
    requests = [request for request in requests if request.is_credible(len(stages))]
    measured = [request for request in requests if not stages[request.stage]["warm_up"]]
    asked = [stage["rate"] for stage in stages if not stage["warm_up"]]
    overall = measures(measured, run, asked[0] if len(asked) == 1 else None)
    books = accounting(count, requests, in_file)

    def groups(key):
        """Ascending, with the requests of each; those without are in none."""
        keys = {key(request) for request in measured}
        for value in sorted(value for value in keys if value is not None):
            yield value, [request for request in measured if key(request) == value]

    def adapter_and_stage(request):
        return None if request.adapter is None else (request.adapter, request.stage)

    def named(key, names):
        return [
            {"name": names[value], **measures(mine, run, None)} for value, mine in groups(key)
        ]

    salt = run["effective"]["salt"]
    slos = [{"metric": slo["metric"], "limit_s": slo["limit_ns"] / SECOND} for slo in run["slos"]]
    return {
        "format": 2,
        "workload": {
            "content_hash": content_hash,
            "requests": run["workload"]["requests"],
            "fired": count,
        },
        "speed": run["effective"]["speed"],
        "salt": salt and salt["text"],
        "slos": slos,
        "window": None,
        "verdict": verdict(run, books, overall),
        "accounting": books,
        **overall,
        "stages": [
            {
                "stage": index,
                "name": stage["name"],
                "warm_up": stage["warm_up"],
                **measures([r for r in requests if r.stage == index], run, stage["rate"]),
            }
            for index, stage in enumerate(stages)
        ],
        "models": named(lambda request: request.model, strings),
        "adapters": named(lambda request: request.adapter, strings),
        "adapter_stages": [
            {"name": strings[adapter], "stage": stage, **measures(mine, run, None)}
            for (adapter, stage), mine in groups(adapter_and_stage)
        ],
        "populations": named(
            lambda request: request.population or None, [None, *run["populations"]]
        ),
        "groups_left_out": 0,
        "sessions": sessions(measured),
        "connections": {
            "new_during_run": sum(bool(request.flags & NEW_CONNECTION) for request in requests)
        },
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: recompute.py RESULT_DIRECTORY")
    json.dump(summary(pathlib.Path(sys.argv[1])), sys.stdout, indent=1)
    print()
