# SPDX-License-Identifier: GPL-2.0-only
"""Lessons: a machine step by step, with what it decided and why, its state, and questions.

Read in this order: script (the language), contents (its pages), hands (what runs a script),
state, sentences, questions, lesson. What comes out is one plain dictionary, of which JSON is made:

    {"kind": "lesson", "title": str, "goals": [str], "notes": [str] before the first step,
     "source": str, "settings": {name: value}, "start": STATE, "steps": [STEP]}
    STEP = {"number": from 1, "line": of the script or null, "command": str, "notes": [str],
     "events": [{"name": tracepoint, "values": {name: int}, "text": sentence}], "outcome": str,
     "question": null or {"text", "kind": page|slot|number|choice, "choices": [str], "answer": str,
     "why": str, "made": true if the script did not ask it}, "state": STATE, "changed": [path]}
    STATE = {"pool": {"driver", "total_pages", "counted_pages": by
      zswap, which looks only now and then, "limit_pages" or null, "accept_pages" or null,
      "full": bool, "waiting": refuses until below the accept threshold, "header_bytes": that zswap
      puts before the data of an object,
      "pages": [{"page", "capacity_bytes", "objects": [{"slot" or null, "place", "offset_bytes",
       "size_bytes": room given, "length_bytes": compressed, without the header}], "free_bytes",
       "free_chunks" or null, and of a zspage "pages" and "size_class"}],
      "lists": [{"name", "pages": [page]}] that are not empty},
     "entries": [{"slot", "kind": compressed|same-filled|raw|written back, "length_bytes", and where
      it is so "busy", "stale", "referenced": true}],
     "entry_lru": [slot], newest first, or null, "memory": null or {"limit_pages", "resident":
     [page], newest first, "resident_pages": how many, "slots": [{"slot", "of_page"}]},
     "swap_file": [slot], "zero_slots": [slot], "counters": {name: int}}

A state of hundreds of pages or entries has "left_out": {"pages", "entries", "resident"}, the
numbers of those that no step touches and that it does not tell.

Paths in "changed" call an element of a list by its page, slot or name:
"pool.pages.0.objects.3.size_bytes"; what is new or gone is one path: "entries.3".
"""
