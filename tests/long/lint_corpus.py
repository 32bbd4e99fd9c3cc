#!/usr/bin/env python3
"""Every channel that can be made from the real feeds of ../shared, held against readers' rules.

usage: tests/long/lint_corpus.py BRIEFWIRE [FOLDER]

One channel a source, and four of all sources (briefs, the newest 50, originals, merged stories), in
RSS, Atom and JSON Feed. Then the feeds are edited (titles and texts changed, items dropped, a brief
put and corrected), polled again, and held against the first round. Needs Python's feedparser and
xmllint. Exit status 1 where anything but the warnings that the issue allows was found.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import feedparser

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.abspath(os.path.join(HERE, "../../../shared"))
LINT = os.path.join(SHARED, "probes/reader_lint.py")
ALLOWED = {"category", "source", "enclosure"}


def configuration(feeds):
    text = ('[server]\nlisten = "127.0.0.1:0"\npublic_url = "https://news.example.org"\n[store]\npath = "store"\n'
            '[briefs]\ndir = "briefs"\n[publish]\nhub = "https://hub.example.org/"\nimage = "https://news.example.org/i.png"\n')
    channels = [("all", 'from = ["*"]\nitems = 10000'), ("fifty", 'from = ["*"]'),
                ("originals", 'from = ["*"]\nitems = 10000\nbody = "original"'),
                ("merged", 'from = ["*"]\nitems = 10000\nbody = "brief+original"\nmerge_stories = true')]
    for number, name in enumerate(feeds):
        text += f'[[source]]\nid = "s{number}"\nurl = "file:feeds/{name}"\nfirst = "all"\n'
        channels.append((f"c{number}", f'from = ["s{number}"]\nitems = 1000'))
    for name, what in channels:
        text += f'[[channel]]\nid = "{name}"\ntitle = "{name}"\n{what}\n'
    return text, [name for name, _ in channels]


def edited(body):
    """Another version of a feed, as publishers make them: a title, a text, an item less."""
    items = list(re.finditer(rb"<(item|entry)[\s>].*?</\1>", body, re.S))
    if len(items) > 2:
        body = body[:items[-1].start()] + body[items[-1].end():]
    return re.sub(rb"(<title>)([A-Za-z])", rb"\1Corrected: \2", body, count=3)


def json_rules(document):
    """The rules of https://www.jsonfeed.org/version/1.1/ that a program can check."""
    troubles, feed = [], json.loads(document)
    if feed.get("version") != "https://jsonfeed.org/version/1.1" or not feed.get("title"):
        troubles.append("version or title")
    web = lambda url: isinstance(url, str) and re.match(r"https?://[^/\s]+", url)
    for key in ("home_page_url", "feed_url", "next_url", "icon"):
        if key in feed and not web(feed[key]):
            troubles.append(key)
    date = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
    seen = set()
    for item in feed["items"]:
        where = item.get("id")
        if not isinstance(where, str) or not where or where in seen:
            troubles.append(f"id {where}")
        seen.add(where)
        if "content_html" not in item and "content_text" not in item:
            troubles.append(f"{where}: no content")
        for key in ("url", "external_url", "image"):
            if key in item and not web(item[key]):
                troubles.append(f"{where}: {key} {item[key]}")
        for key in ("date_published", "date_modified"):
            if key in item and not re.match(date, item[key]):
                troubles.append(f"{where}: {key}")
        for author in item.get("authors", []):
            if not author.get("name") and not author.get("url"):
                troubles.append(f"{where}: author")
        if not all(isinstance(tag, str) and tag for tag in item.get("tags", [])):
            troubles.append(f"{where}: tags")
        for attachment in item.get("attachments", []):
            if not web(attachment.get("url")) or "/" not in attachment.get("mime_type", ""):
                troubles.append(f"{where}: attachment")
        if item["date_modified"] < item["date_published"]:
            troubles.append(f"{where}: modified before it was published")
    return troubles


def check(folder, channels, previous, found):
    for name in channels:
        path = os.path.join(folder, "store/documents", name)
        command = [sys.executable, LINT, path + ".xml", "--json"]
        if previous:
            command += ["--previous", os.path.join(previous, name + ".xml")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 2:
            found["error", "unreadable", name] += 1
            continue
        for finding in json.loads(done.stdout)["findings"]:
            if finding["level"] == "error" or (finding["level"] == "warn" and finding["rule"] not in ALLOWED):
                found[finding["level"], finding["rule"], f"{name}: {finding['where'][:60]}: {finding['why'][:100]}"] += 1
            elif finding["level"] == "warn":
                found["allowed", finding["rule"], ""] += 1
        views = {}
        for ending in ("xml", "atom"):
            if subprocess.run(["xmllint", "--noout", f"{path}.{ending}"], capture_output=True).returncode:
                found["error", "xmllint", f"{name}.{ending}"] += 1
            with open(f"{path}.{ending}", "rb") as file:
                parsed = feedparser.parse(file.read())
            if parsed.bozo:
                found["error", "feedparser", f"{name}.{ending}: {parsed.bozo_exception}"] += 1
            views[ending] = [(entry.id, entry.title, entry.link, tuple(tag.term for tag in entry.get("tags", [])))
                             for entry in parsed.entries]
        with open(path + ".json", "rb") as file:
            document = file.read()
        for trouble in json_rules(document):
            found["error", "json", f"{name}: {trouble}"] += 1
        ids = [item["id"] for item in json.loads(document)["items"]]
        if [entry[0] for entry in views["xml"]] != ids or views["xml"] != views["atom"]:
            found["error", "formats differ", name] += 1
        found["documents", "read", ""] += 3
        found["items", "read", ""] += len(ids)


def main():
    binary = os.path.abspath(sys.argv[1])
    folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()
    source = os.path.join(SHARED, "corpus/feeds")
    feeds = sorted(name for name in os.listdir(source) if not name.endswith((".md", ".txt")))
    os.makedirs(os.path.join(folder, "feeds"))
    os.makedirs(os.path.join(folder, "briefs"))
    for name in feeds:
        with open(os.path.join(source, name), "rb") as file, open(os.path.join(folder, "feeds", name), "wb") as to:
            to.write(file.read())
    text, channels = configuration(feeds)
    with open(os.path.join(folder, "c.toml"), "w") as file:
        file.write(text)
    poll = [binary, "--config", os.path.join(folder, "c.toml"), "poll"]
    subprocess.run(poll, capture_output=True)
    found = collections.Counter()
    check(folder, channels, None, found)
    before = os.path.join(folder, "before")
    subprocess.run(["cp", "-r", os.path.join(folder, "store/documents"), before], check=True)
    subprocess.run(poll, capture_output=True)
    same = subprocess.run(["diff", "-rq", before, os.path.join(folder, "store/documents")], capture_output=True, text=True)
    if same.stdout:
        found["error", "a poll that changes nothing changed", same.stdout[:300]] += 1
    with open(os.path.join(before, "all.json"), "rb") as file:
        for number, item in enumerate(json.load(file)["items"][:40]):
            with open(os.path.join(folder, "briefs", f"b{number}.json"), "w") as out:
                json.dump({"summary": f"A brief on item {number}.", "key_terms": ["brief", f"term {number}"], "urls": [item["url"]]}, out)
    for name in feeds:
        path = os.path.join(folder, "feeds", name)
        with open(path, "rb") as file:
            body = edited(file.read())
        with open(path, "wb") as file:
            file.write(body)
    subprocess.run(poll, capture_output=True)
    check(folder, channels, before, found)
    for (level, rule, where), count in sorted(found.items()):
        print(f"{count:6} {level} {rule} {where}")
    sys.exit(any(level in ("error", "warn") for level, _, _ in found))


if __name__ == "__main__":
    main()
