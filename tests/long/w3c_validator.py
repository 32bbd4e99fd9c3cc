#!/usr/bin/env python3
"""Documents held against the rules of the W3C feed validator.

usage: tests/long/w3c_validator.py VALIDATOR DOCUMENT...

VALIDATOR is a clone of https://github.com/w3c/feedvalidator; needs html5lib, lxml and rdflib. DOCUMENTs are RSS and Atom files,
such as those in a store's `documents`. Exit status 1 where it finds an error, or a warning that is not explained below.
"""
import collections
import pathlib
import sys

# What it warns of, and why it stays so.
EXPLAINED = {
    "UnknownNamespace": "the namespace is ours; README describes it",
    "DuplicateUpdated": "items that entered together changed at the same second",
    "MissingItunesElement": "an item carries its publisher's itunes:duration or image; what a directory of podcasts asks of a "
                            "channel is for the publisher to say",
    "MissingItunesEmail": "the same",
    "UnsupportedItunesFormat": "the publisher's enclosure, whose address has a query",
    "BadCharacters": "U+FFFD stands where the publisher's text does not decode",
    "ContainsHTML": "plain text with an ampersand, such as `A&1;`, taken for markup",
    "ContainsUndeclaredHTML": "the same in Atom",
    "NotHtml": "a plain summary with `AT&T`, taken for markup; or the publisher's own table in `body = \"brief+original\"`",
}


def main():
    sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "src"))
    import feedvalidator
    from feedvalidator.logging import Error, ValidationFailure, Warning

    found, wrong = collections.Counter(), 0
    for name in sys.argv[2:]:
        path = pathlib.Path(name)
        base = f"https://news.example.org/feeds/{path.name}"
        try:
            events = feedvalidator.validateString(path.read_bytes().decode(), firstOccurrenceOnly=1, base=base)["loggedEvents"]
        except ValidationFailure as failure:
            events = [failure.event]
        for event in events:
            kind = type(event).__name__
            if isinstance(event, Error) or (isinstance(event, Warning) and kind not in EXPLAINED):
                print(f"{name}: {kind} {event.params}")
                wrong += 1
            elif isinstance(event, Warning):
                found[kind] += 1
    for kind, count in found.most_common():
        print(f"{count:5} documents: {kind}: {EXPLAINED[kind]}")
    print(f"{len(sys.argv) - 2} documents, {wrong} findings that are not explained")
    sys.exit(1 if wrong or len(sys.argv) < 3 else 0)


main()
