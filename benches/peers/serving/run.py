#!/usr/bin/env python3
"""What a request costs: briefwire beside nginx, which serves the same bytes as static files.

    cargo build --release
    benches/peers/serving/run.py target/release/briefwire [--rounds 5] [--seconds 4]
        [--idle 5000] [--sources 2000] [--only requests,idle,polls]

Needs nginx (Debian's nginx-light will do), wrk and Linux (/proc). Loopback; `ulimit -n` must allow for the idle
connections. nginx runs one worker without a log, with gzip_static, in two forms: as Debian configures it, and with
open_file_cache, which spares it the look at the file. briefwire runs as it does for anybody.

Requests: a document of 50 items, gzipped (200) and by its ETag (304), at 64 and 1,000 connections, in turns, each contender
once a round. CPU time is that of the server's processes (utime + stime), so what else runs matters less; the figures are
medians of the rounds. Idle: resident memory before and after connections that each ask once and stay; then 1,000 busy ones beside.
Polls: the 99th percentile of a request's time (wrk) while a first pass over the sources is under way, beside none. wrk takes
what processor there is; so a second figure is that of 400 requests a second, each at its time.
"""
import argparse, concurrent.futures, contextlib, gzip, http.client, os, pathlib, random, re, signal, socket, statistics, subprocess, sys
import tempfile, time

TICK = os.sysconf("SC_CLK_TCK")
WORDS = [f"{a}{b}{c}" for a in "bcdfgklmprst" for b in ("ar", "el", "in", "on", "und", "ist") for c in
         ("", "en", "ing", "er", "ation", "al", "ous", "ly")]


def feed(name, items):
    chance, rows = random.Random(name), []
    for item in range(items):
        text = ". ".join(" ".join(chance.choices(WORDS, k=15)).capitalize() for _ in range(8))
        title = " ".join(chance.choices(WORDS, k=8)).capitalize()
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 600 * item))
        rows.append(f"<item><guid isPermaLink='false'>{name}-{item}</guid><title>{title}</title><pubDate>{date}</pubDate>"
                    f"<link>https://{name}.example/{item}</link><description>{text}.</description></item>")
    return (f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title><link>https://{name}.example/</link>"
            f"<description>x</description>{''.join(rows)}</channel></rss>")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A process and those it has started."""

    def __init__(self, name, arguments, port, **more):
        self.name, self.port = name, port
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, **more)
        self.url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{name} does not listen")

    def pids(self):
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout
        return [self.process.pid, *map(int, out.split())]

    def cpu(self):
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def resident(self):
        return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024
                   for pid in self.pids())

    def get(self, path, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def nginx(name, folder, root, more=""):
    port = free_port()
    folder.mkdir()
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 16000; }}
http {{
    access_log off; sendfile on; tcp_nopush on; gzip_static on; gzip_vary on; {more}
    keepalive_timeout 600s; keepalive_requests 1000000000;
    types {{ application/rss+xml xml; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096; root {root};
        add_header Cache-Control "public, max-age=300"; add_header X-Content-Type-Options nosniff;
        add_header Referrer-Policy no-referrer;
    }}
}}
""")
    # As whoever runs this: the files lie in a folder of theirs.
    user = "user root;" if os.getuid() == 0 else ""
    return Server(name, ["nginx", "-e", folder / "error.log", "-g", user, "-c", folder / "nginx.conf"], port)


def configure(folder, port, sources=0, origin=""):
    text = f"""[server]
listen = "127.0.0.1:{port}"
max_connections = 16000
idle_timeout = "10m"
[store]
path = "store"
[fetch]
host_spacing = "0s"
per_host = 64
[[channel]]
id = "news"
title = "News"
from = ["local"]
items = 50
[[source]]
id = "local"
url = "file:local.xml"
first = "all"
"""
    for number in range(sources):
        text += f'[[source]]\nid = "s{number}"\nurl = "{origin}/{number}.xml"\nallow_private = true\nfirst = "all"\n'
    (folder / "c.toml").write_text(text)


def briefwire(binary, folder, name="briefwire", sources=0, origin=""):
    port = free_port()
    folder.mkdir(exist_ok=True)
    (folder / "local.xml").write_text(feed("local", 60))
    configure(folder, port)
    subprocess.run([binary, "poll", "--config", folder / "c.toml"], check=True, capture_output=True)
    configure(folder, port, sources, origin)
    return Server(name, [binary, "run", "--config", folder / "c.toml"], port, stderr=open(folder / "log", "w"))


def wrk(url, connections, seconds, headers):
    arguments = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    for name, value in headers.items():
        arguments += ["-H", f"{name}: {value}"]
    out = subprocess.run([*arguments, url], capture_output=True, text=True, check=True).stdout
    number = lambda pattern: re.search(pattern, out)
    requests, took = number(r"(\d+) requests in ([\d.]+)(m?s|m)").group(1, 2)
    errors = number(r"Socket errors: (.*)")
    p99 = number(r"99%\s+([\d.]+)(us|ms|s)")
    scale = {"us": 1e-3, "ms": 1, "s": 1e3}[p99[2]]
    return {"requests": int(requests), "rate": int(requests) / float(took), "p99": float(p99[1]) * scale,
            "errors": errors[1] if errors else "", "other": "Non-2xx" in out}


def requests(binary, folder, options):
    own = briefwire(binary, folder / "own")
    plain, coded = own.get("/feeds/news.xml")[1], own.get("/feeds/news.xml", {"Accept-Encoding": "gzip"})[1]
    assert gzip.decompress(coded) == plain and plain.count(b"<item>") == 50
    root = folder / "www" / "feeds"
    root.mkdir(parents=True)
    (root / "news.xml").write_bytes(plain)
    (root / "news.xml.gz").write_bytes(coded)
    servers = [own, nginx("nginx", folder / "n1", folder / "www"),
               nginx("nginx, open_file_cache", folder / "n2", folder / "www", "open_file_cache max=100;")]
    print(f"document: {len(plain)} bytes, {len(coded)} gzipped; {options.rounds} rounds of {options.seconds} s, wrk -t1; "
          "nginx: 1 worker")
    print(f"{'':24}{'':14}{'requests/s':>12}{'µs CPU/request':>16}{'p99 ms':>10}")
    for what in ("200", "304"):
        for connections in (64, 1000):
            figures = {server.name: [] for server in servers}
            for _ in range(options.rounds):
                for server in servers:
                    headers = {"Accept-Encoding": "gzip"}
                    answer, body = server.get("/feeds/news.xml", headers)
                    assert body == coded
                    if what == "304":
                        headers["If-None-Match"] = answer.headers["ETag"]
                        assert server.get("/feeds/news.xml", headers)[0].status == 304
                    before = server.cpu()
                    got = wrk(server.url + "/feeds/news.xml", connections, options.seconds, headers)
                    got["cpu"] = (server.cpu() - before) / got["requests"] * 1e6
                    if got["errors"] or got["other"]:
                        print(server.name, got)
                    figures[server.name].append(got)
            median = lambda name, key: statistics.median(got[key] for got in figures[name])
            for server in servers:
                name = server.name
                print(f"{name:24}{what} at {connections:<8}{median(name, 'rate'):12.0f}{median(name, 'cpu'):16.2f}"
                      f"{median(name, 'p99'):10.2f}")
            ratios = [median(own.name, "cpu") / median(server.name, "cpu") for server in servers[1:]]
            print(f"    CPU, briefwire / nginx: {ratios[0]:.2f} (at most 1.2); with open_file_cache: {ratios[1]:.2f}", flush=True)
    for server in servers:
        server.stop()


def crowd(server, number):
    streams = []
    ask = b"GET /feeds/news.xml HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    for _ in range(number):
        stream = socket.create_connection(("127.0.0.1", server.port), 10)
        stream.sendall(ask)
        got = b""
        while b"\r\n\r\n" not in got:
            got += stream.recv(65536)
        head, body = got.split(b"\r\n\r\n", 1)
        assert b" 200 " in head.split(b"\r\n", 1)[0], head
        length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
        while len(body) < length:
            body += stream.recv(65536)
        streams.append(stream)
    return streams


def idle(binary, folder, options):
    own = briefwire(binary, folder / "idle")
    root = folder / "idlewww" / "feeds"
    root.mkdir(parents=True)
    (root / "news.xml").write_bytes(own.get("/feeds/news.xml")[1])
    (root / "news.xml.gz").write_bytes(own.get("/feeds/news.xml", {"Accept-Encoding": "gzip"})[1])
    for server in (own, nginx("nginx", folder / "n3", folder / "idlewww")):
        for stream in crowd(server, 20):
            stream.close()
        time.sleep(1)
        before = server.resident()
        streams = crowd(server, options.idle)
        after = server.resident()
        busy = wrk(server.url + "/feeds/news.xml", 1000, options.seconds, {"Accept-Encoding": "gzip"})
        print(f"{server.name}: {before >> 20} MiB, with {len(streams)} idle connections {after >> 20} MiB: "
              f"{(after - before) / len(streams) / 1024:.1f} KiB each (at most 12); 1,000 busy ones beside: "
              f"{busy['rate']:.0f} requests/s, errors: {busy['errors'] or 'none'}", flush=True)
        streams[0].sendall(b"GET /feeds/news.xml HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert streams[0].recv(1000).startswith(b"HTTP/1.1 200")
        for stream in streams:
            stream.close()
        server.stop()


def paced(server, rate, seconds):
    """Returns the 99th percentile of the times of requests that are each made at their time, in ms."""
    lanes, times = 8, []

    def lane(number):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        start, took = time.monotonic() + number / rate, []
        for step in range(int(rate / lanes * seconds)):
            due = start + step * lanes / rate
            time.sleep(max(0, due - time.monotonic()))
            began = time.monotonic()
            connection.request("GET", "/feeds/news.xml", headers={"Accept-Encoding": "gzip"})
            connection.getresponse().read()
            took.append(time.monotonic() - began)
        return took

    with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
        for took in pool.map(lane, range(lanes)):
            times += took
    return statistics.quantiles(times, n=100)[98] * 1000


@contextlib.contextmanager
def elsewhere():
    """Whoever asks goes before all others, where root allows: subscribers have processors of their own."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    yield
    os.setpriority(os.PRIO_PROCESS, 0, 0)


def metric(server, line):
    text = server.get("/metrics")[1].decode()
    return next((float(found.split()[-1]) for found in text.splitlines() if found.startswith(line)), 0)


def polls(binary, folder, options):
    root = folder / "origin"
    root.mkdir()
    for number in range(options.sources):
        (root / f"{number}.xml").write_text(feed(f"s{number}", 20))
    origin = nginx("origin", folder / "n4", root)
    measures = {
        "wrk, 64 connections": lambda server: wrk(server.url + "/feeds/news.xml", 64, options.seconds,
                                                  {"Accept-Encoding": "gzip"})["p99"],
        "400 requests a second": lambda server: paced(server, 400, options.seconds),
    }
    for name, measure in measures.items():
        meanwhile, quiet, shares = [], [], []
        for turn in range(options.rounds):
            place = folder / f"polls-{name[:3]}-{turn}"
            still = briefwire(binary, folder / f"{place.name}-still")
            with elsewhere():
                quiet.append(measure(still))
            still.stop()
            server = briefwire(binary, place, sources=options.sources, origin=origin.url)
            while metric(server, "briefwire_polls_total{outcome=\"read\"}") < options.sources / 50:
                time.sleep(0.02)
            first = metric(server, "briefwire_polls_total{outcome=\"read\"}")
            with elsewhere():
                meanwhile.append(measure(server))
            shares.append(metric(server, "briefwire_polls_total{outcome=\"read\"}") - first)
            # Where all were read before the measure was over, it says too little.
            assert first + shares[-1] < options.sources, "take more sources"
            server.stop()
        ratio = statistics.median(meanwhile) / statistics.median(quiet)
        print(f"{name}: p99 {statistics.median(meanwhile):.2f} ms while {statistics.median(shares):.0f} of {options.sources} "
              f"sources are read, {statistics.median(quiet):.2f} ms quiet: {ratio:.2f} times (less than 2)", flush=True)
    origin.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    for name, default in (("rounds", 5), ("seconds", 4), ("idle", 5000), ("sources", 2000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", default="requests,idle,polls")
    options = parser.parse_args()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        parts = {"requests": requests, "idle": idle, "polls": polls}
        for part in options.only.split(","):
            parts[part](binary, folder, options)


main()
