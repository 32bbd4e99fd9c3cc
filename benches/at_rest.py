#!/usr/bin/env python3
"""What a daemon with 200 sources and 20,000 items costs at rest, and how soon it serves.

    benches/at_rest.py target/release/briefwire [--sources 200] [--items 100] [--keep DIR]

Prints one JSON object: seconds from exec to the first 200 of the feed and to /readyz, resident
memory in MiB after the start and after a quiet time, CPU seconds in a quiet minute, and whether the
feed had the bytes of the run before. Uses no network and only loopback. Linux (/proc).
"""
import argparse, json, os, pathlib, random, signal, socket, subprocess, sys, tempfile, time
import urllib.error, urllib.request

WORDS = """harbour council vote bridge ferry storm coast guard minister budget school river rail
strike union court appeal ruling energy turbine cable island market price wheat drought vaccine
hospital clinic study species forest fire rescue crew mission orbit launch probe comet telescope
software release patch security key leak report inquiry police arrest trial verdict election poll
campaign debate treaty border talks ceasefire aid convoy refugee summit leader speech protest
festival museum painter novel prize film director actor stage opera choir match final coach
striker goal record marathon cyclist champion""".split()


def text(chance, words):
    """Sentences of made-up but rare enough words, as news has them."""
    out = []
    for n in range(words):
        word = chance.choice(WORDS)
        if chance.random() < 0.25:
            word = f"{word}{chance.choice('abcdefghij')}{chance.randrange(3000)}"
        out.append(word.capitalize() if n % 14 == 0 else word)
        if n % 14 == 13:
            out[-1] += "."
    return " ".join(out)


def make(folder, sources, items):
    chance = random.Random(7)
    lines = ['[server]', f'listen = "127.0.0.1:{free_port()}"', '[store]', 'path = "store"', '[briefs]',
             'dir = "briefs"', '[log]', 'level = "warn"', '[[channel]]', 'id = "all"', 'title = "All"',
             'from = ["*"]']
    (folder / "briefs").mkdir()
    for n in range(100):
        (folder / f"briefs/b{n}.md").write_text(f"Summary:\n{text(chance, 40)}\n")
    now = time.time()
    for s in range(sources):
        rows = []
        for i in range(items):
            date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now - (i * sources + s) * 25))
            rows.append(f"<item><guid>g{s}-{i}</guid><title>{text(chance, 9)}</title>"
                        f"<link>https://example.org/{s}/{i}</link><pubDate>{date}</pubDate>"
                        f"<description>{text(chance, 220)}</description></item>")
        (folder / f"s{s}.xml").write_text(
            f'<rss version="2.0"><channel><title>S{s}</title><link>https://example.org/{s}</link>'
            f'<description>x</description><language>en</language>{"".join(rows)}</channel></rss>')
        lines += ["[[source]]", f'id = "s{s}"', f'url = "file:s{s}.xml"']
    (folder / "c.toml").write_text("\n".join(lines) + "\n")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(base, path):
    try:
        with urllib.request.urlopen(base + path, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
    except OSError:
        return 0, b""


def memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(binary, folder):
    config = folder / "c.toml"
    port = config.read_text().split("127.0.0.1:")[1].split('"')[0]
    base, began = f"http://127.0.0.1:{port}/", time.monotonic()
    child = subprocess.Popen([binary, "run", "--config", str(config)], stdout=subprocess.DEVNULL)
    served = ready = body = None
    while ready is None:
        if served is None:
            status, got = ask(base, "feeds/all.xml")
            if status == 200:
                served, body = time.monotonic() - began, got
        if ask(base, "readyz")[0] == 200:
            ready = time.monotonic() - began
        time.sleep(0.005)
        if time.monotonic() - began > 120:
            sys.exit("it is not ready after two minutes")
    return child, base, served, ready, body


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--quiet", type=int, default=60, help="seconds to watch it at rest")
    parser.add_argument("--keep", help="a folder to make or use again")
    given = parser.parse_args()
    folder = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="at-rest-"))
    folder.mkdir(exist_ok=True)
    if not (folder / "c.toml").exists():
        make(folder, given.sources, given.items)
        subprocess.run([given.binary, "poll", "--config", folder / "c.toml"], check=True,
                       stdout=subprocess.DEVNULL)
    before = (folder / "store/documents/all.xml").read_bytes()
    child, base, served, ready, body = start(given.binary, folder)
    told = {"items": json.loads(subprocess.run(
        [given.binary, "status", "--json", "--config", folder / "c.toml"], check=True,
        capture_output=True).stdout)["items"]}
    told |= {"served_after_s": round(served, 3), "ready_after_s": round(ready, 3),
             "same_bytes": body == before, "memory_at_start_mib": memory(child.pid)}
    time.sleep(5)
    spent = cpu(child.pid)
    time.sleep(given.quiet)
    told |= {"cpu_s_at_rest": round(cpu(child.pid) - spent, 2), "rest_s": given.quiet,
             "memory_at_rest_mib": memory(child.pid)}
    child.send_signal(signal.SIGTERM)
    began = time.monotonic()
    told |= {"exit": child.wait(), "stopped_after_s": round(time.monotonic() - began, 3)}
    print(json.dumps(told))


main()
