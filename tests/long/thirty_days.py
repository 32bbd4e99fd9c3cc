#!/usr/bin/env python3
"""Thirty simulated days of 500 sources under a retention of seven days: does the store stay bounded?

    cargo build --profile simulated
    tests/long/thirty_days.py target/simulated/briefwire [--days 30] [--sources 500] [--keep DIR]

Runs the real daemon against an origin of its own over loopback, with the daemon's clock moved on by a
file (so the binary needs debug assertions, as the profile `simulated` has). Ten times a simulated day
every source is asked, by the API, since a clock that jumps makes nothing due; every second time it has a new item, and it lists its newest 20. Prints a line a
day: items stored, bytes of the database file and of all its directory, bytes of keys and values,
resident memory; then what a restart makes of it. Takes about 20 minutes. Linux (/proc).
"""
import argparse, http.client, http.server, json, os, pathlib, random, signal, socket, subprocess, sys, tempfile
import threading, time, urllib.request

STEPS = 10
WORDS = [f"{a}{b}{c}" for a in "bcdfgklmprst" for b in ("ar", "el", "in", "on", "und", "ist") for c in
         ("", "en", "ing", "er", "ation", "al", "ous", "ly")]


class Origin(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.asked, self.step, self.start = threading.Lock(), set(), 0, time.time()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        number, step = int(self.path[1:]), self.server.step
        last = (step + number) // 2
        tag = f'"{last}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.end_headers()
        else:
            body = feed(number, last, self.server.start).encode()
            self.send_response(200)
            self.send_header("ETag", tag)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        with self.server.lock:
            self.server.asked.add(number)

    def log_message(self, *_):
        pass


def feed(number, last, start):
    rows = []
    for item in range(max(0, last - 20), last + 1):
        chance = random.Random(f"{number}/{item}")
        text = " ".join(chance.choices(WORDS, k=chance.randrange(80, 400)))
        title = " ".join(chance.choices(WORDS, k=8))
        seconds = start + max(0, 2 * item - number) * 86400 / STEPS
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds))
        rows.append(f"<item><guid>g{number}-{item}</guid><title>{title}</title><pubDate>{date}</pubDate>"
                    f"<link>https://s{number}.example/{item}</link><description>{text}</description></item>")
    return ("<rss version='2.0'><channel><title>S</title><link>https://s.example/</link>"
            f"<description>x</description>{''.join(rows)}</channel></rss>")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    def __init__(self, binary, folder, port):
        environment = dict(os.environ, BRIEFWIRE_TEST_CLOCK=str(folder / "clock"))
        self.process = subprocess.Popen([binary, "run", "--config", folder / "c.toml"], env=environment,
                                        stdout=subprocess.DEVNULL, stderr=open(folder / "log", "a"))
        self.port = port
        while not self.get("/readyz").startswith("ready"):
            time.sleep(0.05)

    def get(self, path):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10).read().decode()
        except OSError:
            return ""

    def poll(self, sources):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for n in range(sources):
            connection.request("POST", f"/api/sources/s{n}/poll", headers={"Authorization": "Bearer simulated"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        connection.close()

    def metric(self, name):
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[1]))
        return -1

    def resident(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith(field))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0


def size(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def show(day, daemon, store):
    items, logical = daemon.metric("briefwire_items"), daemon.metric("briefwire_store_logical_bytes")
    print(json.dumps({"day": day, "items": items, "database_mib": size(store / "db") >> 20,
                      "store_mib": size(store) >> 20, "logical_mib": logical >> 20,
                      "resident_mib": daemon.resident(), "peak_mib": daemon.resident("VmHWM")}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--sources", type=int, default=500)
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    folder = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="briefwire-"))
    origin, port = Origin(), free_port()
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    (folder / "token").write_text("simulated\n")
    lines = ["[server]", f'listen = "127.0.0.1:{port}"', 'admin_token_file = "token"', "[store]", 'path = "store"', 'max_age = "7d"',
             "[fetch]", 'every = "2h"', 'min_every = "1m"', "per_host = 64", 'host_spacing = "0s"',
             "[briefs]", 'dir = "briefs"', "[log]", 'level = "warn"',
             "[[channel]]", 'id = "all"', 'title = "All"', 'from = ["*"]']
    for n in range(arguments.sources):
        lines += ["[[source]]", f'id = "s{n}"', f'url = "http://127.0.0.1:{origin.server_port}/{n}"',
                  'every = "2h"', "allow_private = true"]
    (folder / "briefs").mkdir(exist_ok=True)
    (folder / "c.toml").write_text("\n".join(lines) + "\n")
    (folder / "clock").write_text("0")
    daemon = Daemon(arguments.binary, folder, port)
    step = 0
    for day in range(1, arguments.days + 1):
        for _ in range(STEPS):
            step += 1
            with origin.lock:
                origin.step, origin.asked = step, set()
            (folder / "clock").write_text(str(step * 86400 // STEPS))
            daemon.poll(arguments.sources)
            deadline = time.time() + 60
            while len(origin.asked) < arguments.sources and time.time() < deadline:
                time.sleep(0.02)
            missed = arguments.sources - len(origin.asked)
            if missed:
                print(f"day {day}, step {step}: {missed} sources were not asked", file=sys.stderr)
        # A pass of retention takes a second for 50 sources of real time, which is not simulated.
        known = None
        for _ in range(30):
            time.sleep(1)
            if daemon.metric("briefwire_items") == known and _ > arguments.sources // 50 + 3:
                break
            known = daemon.metric("briefwire_items")
        show(day, daemon, folder / "store")
    daemon.stop()
    daemon = Daemon(arguments.binary, folder, port)
    show("after a restart", daemon, folder / "store")
    daemon.stop()
    log = (folder / "log").read_text().splitlines()
    print(f"{len(log)} lines of warnings and errors in the log; the last: {log[-1:]}")


main()
