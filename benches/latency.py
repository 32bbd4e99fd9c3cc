#!/usr/bin/env python3
"""From an item at its origin to the document that subscribers get.

usage: benches/latency.py BRIEFWIRE [ROUNDS]

A daemon with 200 sources and a channel of all of them, whose documents are full. Each round one item more
stands in one source, or is delivered by a hub; measured is the time from the end of the origin's answer, or
of the hub's delivery, until a GET of the channel's document has the item. Printed: median, 90th percentile.
"""
import hashlib
import hmac
import http.client
import http.server
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

WORDS = ("The harbour board has approved a plan to rebuild the northern wall after two winters of storms. "
         "Engineers expect the work to take eighteen months and to close one of the three piers. ").split()


def feed(source, count, hub):
    items = ""
    for number in range(count, max(0, count - 30), -1):
        text = " ".join(WORDS * 3)
        items += (f"<item><guid isPermaLink='false'>{source}-{number}</guid><title>Report {source} {number} on pier {number}</title>"
                  f"<link>https://wire.example.org/{source}/{number}</link><description>{text} Number {number}.</description></item>")
    link = f"<atom:link rel='hub' href='{hub}'/><atom:link rel='self' href='{hub.replace('/hub', '/' + source)}'/>" if hub else ""
    return (f"<?xml version='1.0'?><rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>{source}</title>"
            f"<link>https://wire.example.org/{source}</link><description>d</description>{link}{items}</channel></rss>").encode()


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counts, answered, subscriptions, hub = {}, {}, {}, None

    def do_GET(self):
        source = self.path.strip("/")
        body = feed(source, self.counts.get(source, 30), self.hub if source == "pushed" else None)
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.answered[source] = time.perf_counter()

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.subscriptions[form["hub.topic"]] = form
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        threading.Thread(target=self.verify, args=(form,)).start()

    def verify(self, form):
        query = urllib.parse.urlencode({"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"],
                                        "hub.challenge": "c", "hub.lease_seconds": "864000"})
        url = urllib.parse.urlsplit(form["hub.callback"])
        connection = http.client.HTTPConnection(url.netloc)
        connection.request("GET", f"{url.path}?{url.query + '&' if url.query else ''}{query}")
        form["verified"] = connection.getresponse().status

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main():
    binary, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100
    origin = Server(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{origin.server_port}"
    Origin.hub = base + "/hub"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tempfile.mkdtemp()
    text = (f'[server]\nlisten = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}"\nadmin_token_file = "token"\n[store]\npath = "store"\n'
            '[fetch]\nhost_spacing = "0s"\nper_host = 64\nwebsub = true\nevery = "12h"\nmin_every = "1h"\n[[channel]]\nid = "all"\ntitle = "All"\nfrom = ["*"]\n')
    for source in [f"s{number}" for number in range(199)] + ["pushed"]:
        text += f'[[source]]\nid = "{source}"\nurl = "{base}/{source}"\nallow_private = true\nfirst = "all"\n'
    with open(os.path.join(folder, "c.toml"), "w") as file:
        file.write(text)
    with open(os.path.join(folder, "token"), "w") as file:
        file.write("a-token-for-the-bench\n")
    daemon = subprocess.Popen([binary, "--config", os.path.join(folder, "c.toml"), "run"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    token = {"Authorization": "Bearer a-token-for-the-bench"}
    try:
        wait(lambda: ask(port, "GET", "/readyz").startswith(b"ready"))
        wait(lambda: len(Origin.answered) == 200)
        wait(lambda: any(form.get("verified") == 200 for form in Origin.subscriptions.values()))
        time.sleep(3)
        print(report("poll", [polled(port, token, number) for number in range(rounds)]))
        print(report("WebSub", [pushed(port, number) for number in range(rounds)]))
    finally:
        daemon.terminate()
        daemon.wait()


def polled(port, token, number):
    source = f"s{number % 100}"
    Origin.counts[source] = Origin.counts.get(source, 30) + 1
    title = f"Report {source} {Origin.counts[source]} ".encode()
    ask(port, "POST", f"/api/sources/{source}/poll", token)
    came = until(port, title)
    return came - Origin.answered[source]


def pushed(port, number):
    Origin.counts["pushed"] = count = Origin.counts.get("pushed", 30) + 1
    (form,) = Origin.subscriptions.values()
    body = feed("pushed", count, Origin.hub)
    url = urllib.parse.urlsplit(form["hub.callback"])
    connection = http.client.HTTPConnection(url.netloc)
    signature = hmac.new(form["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
    connection.request("POST", url.path + (f"?{url.query}" if url.query else ""), body,
                       {"Content-Type": "application/rss+xml", "X-Hub-Signature": "sha256=" + signature})
    sent = time.perf_counter()
    connection.getresponse().read()
    return until(port, f"Report pushed {count} ".encode()) - sent


def until(port, title):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    tag, began = None, time.perf_counter()
    while time.perf_counter() - began < 30:
        connection.request("GET", "/feeds/all.xml", headers={"If-None-Match": tag} if tag else {})
        answer = connection.getresponse()
        body, tag = answer.read(), answer.headers.get("ETag", tag)
        if title in body:
            return time.perf_counter()
        time.sleep(0.001)
    raise SystemExit(f"{title} never came")


def ask(port, method, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request(method, path, headers=headers or {})
        return connection.getresponse().read()
    except OSError:
        return b""


def wait(is_so):
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > 120:
            raise SystemExit("it never became ready")
        time.sleep(0.05)


def report(name, seconds):
    seconds.sort()
    return f"{name}: p50 {statistics.median(seconds) * 1000:.1f} ms, p90 {seconds[len(seconds) * 9 // 10] * 1000:.1f} ms, {len(seconds)} rounds"


if __name__ == "__main__":
    main()
