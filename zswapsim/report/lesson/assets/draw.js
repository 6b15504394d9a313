/* SPDX-License-Identifier: GPL-2.0-only */
/* Turns a state of the machine into elements, and shows what differs from the state before. The same
   two states always give the same elements. Texts become text nodes, never markup. */
"use strict";
const Draw = (() => {
  const MOST_PAGES = 96, MOST_CHIPS = 40, FEW_PAGES = 4, MANY_PAGES = 24, TINTS = 6;
  const PAGE_BYTES = 4096;

  const number = (value) => value.toLocaleString("en-US");
  const counted = (count, what) => `${number(count)} ${what}${count === 1 ? "" : "s"}`;

  /* An element; children are elements and texts, and nothing for null. */
  const make = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children.flat().filter((child) => child !== null));
    return made;
  };

  const percent = (part, whole) => `${whole > 0 ? Math.max(0, Math.min(100, (100 * part) / whole)) : 0}%`;
  const isZsmalloc = (pool) => pool.driver === "zsmalloc";
  const pageName = (pool, page) => `${isZsmalloc(pool) ? "zspage" : "page"} ${page}`;

  const objectSays = (object) => {
    const length = object.length_bytes === null ? "" : `, ${number(object.length_bytes)} bytes`;
    return `${object.slot === null ? "no slot" : `slot ${object.slot}`}${object.place ? ` ${object.place}` : ""}${length}`;
  };

  /* What the kernel rounds an object's room up to is hatched: it is taken, and holds nothing. */
  const drawObject = (object, page, className, note, view) => {
    const pick = object.slot !== null && !className.startsWith("gone") ? view.pickSlot : null;
    const tint = object.slot === null ? "none" : object.slot % TINTS;
    const box = make(pick ? "button" : "span", `object tint-${tint} ${className}`.trim());
    if (pick) {
      box.type = "button";
      box.addEventListener("click", (event) => {
        event.stopPropagation();
        pick(String(object.slot));
      });
    } else {
      box.setAttribute("role", "img");
    }
    box.setAttribute("aria-label", note ? `${objectSays(object)}, ${note}` : objectSays(object));
    box.title = `${objectSays(object)}; takes ${number(object.size_bytes)} bytes from byte ${number(object.offset_bytes)} on`;
    if (object.size_bytes * 50 < page.capacity_bytes) box.classList.add("tiny");
    box.style.left = percent(object.offset_bytes, page.capacity_bytes);
    box.style.width = percent(object.size_bytes, page.capacity_bytes);
    const used = make("span", "used");
    const length = object.length_bytes === null ? object.size_bytes : object.length_bytes + view.pool.header_bytes;
    used.style.width = percent(length, object.size_bytes);
    const label = make("span", "label", make("b", "", ...(object.slot === null ? [] : [make("span", "word", "slot "), String(object.slot)])));
    if (object.place) label.append(make("span", "place", object.place));
    if (view.busy.has(object.slot)) label.append(make("span", "use", "in use"));
    if (note) label.append(make("span", "note", note));
    else if (object.length_bytes !== null) label.append(make("span", "bytes", `${number(object.length_bytes)} B`));
    box.append(used, label);
    return box;
  };

  const overlap = (one, other) =>
    one.offset_bytes < other.offset_bytes + other.size_bytes && other.offset_bytes < one.offset_bytes + one.size_bytes;

  /* The objects of a page: those that left as outlines below those that are there. */
  const drawObjects = (page, old, view) => {
    const now = page.objects, then = old === undefined ? [] : old.objects;
    const before = new Map(then.map((object) => [object.slot, object]));
    const places = new Map(now.map((object) => [object.slot, object.offset_bytes]));
    const gone = then
      .filter((object) => places.get(object.slot) !== object.offset_bytes)
      .map((object) => {
        const note = view.written.has(object.slot) ? "→ swap file" : places.has(object.slot) ? "was here" : "gone";
        const under = now.some((other) => overlap(object, other)) ? "gone under" : "gone";
        return drawObject(object, page, under, note, view);
      });
    if (gone.length) view.left = true;
    const present = now.map((object) => {
      const was = before.get(object.slot);
      const moved = was !== undefined && was.offset_bytes !== object.offset_bytes;
      if (!view.first && (moved || was === undefined)) view.fresh = true;
      if (was === undefined) return drawObject(object, page, view.first ? "" : "new", "", view);
      return drawObject(object, page, moved ? "moved" : "", moved ? "moved" : "", view);
    });
    return [...gone, ...present];
  };

  const freeSays = (page) => {
    const told = [];
    if (page.free_bytes !== null) told.push(`${number(page.free_bytes)} B free`);
    if (page.free_chunks !== null) told.push(counted(page.free_chunks, "chunk"));
    return told.join(", ");
  };

  const drawPage = (page, old, tag, view) => {
    const { pool } = view;
    const name = pageName(pool, page.page);
    const named = view.named.has(page.page);
    const head = make("div", "page-head");
    if (view.pickPage && tag !== "released") {
      const button = make("button", "pick", name);
      button.type = "button";
      button.addEventListener("click", (event) => {
        event.stopPropagation();
        view.pickPage(String(page.page));
      });
      head.append(button);
    } else {
      head.append(make("strong", "", name));
    }
    if (page.size_class !== null) head.append(make("span", "class", `class ${number(page.size_class)}, ${counted(page.pages ?? 1, "page")}`));
    if (tag) head.append(make("span", `tag ${tag}`, tag));
    head.append(make("span", "free", tag === "released" ? "back to the system" : freeSays(page)));
    const bar = make("div", isZsmalloc(pool) ? "bar" : "bar chunks");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", `${name}: ${page.objects.map(objectSays).join("; ") || "no objects"}`);
    bar.style.width = percent(page.capacity_bytes, view.widest);
    const header = view.header;
    if (header && !page.objects.some((object) => object.offset_bytes < header)) {
      const box = make("span", "header");
      box.title = `the header of ${pool.driver}, ${header} bytes`;
      box.style.width = percent(header, page.capacity_bytes);
      bar.append(box);
    }
    for (let at = PAGE_BYTES; at < page.capacity_bytes; at += PAGE_BYTES) {
      const edge = make("span", "edge");
      edge.style.left = percent(at, page.capacity_bytes);
      bar.append(edge);
    }
    bar.append(...drawObjects(page, old, view));
    const box = make("article", `page ${tag} ${named ? "named" : ""}`.trim(), head, bar);
    if (view.pickPage && tag !== "released") {
      box.classList.add("pickable");
      box.addEventListener("click", () => view.pickPage(String(page.page)));
    }
    return box;
  };

  const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

  /* Of many pages those that the step is about come first; the rest is said in a number. */
  const choose = (rows, view) => {
    if (rows.length <= MOST_PAGES) return [rows, 0];
    const about = rows.filter((row) => row.tag || view.named.has(row.page.page) || !same(row.page, row.old));
    const shown = new Set([...about, ...rows].slice(0, MOST_PAGES));
    return [rows.filter((row) => shown.has(row)), rows.length - shown.size];
  };

  const drawPages = (view) => {
    const now = new Map(view.pool.pages.map((page) => [page.page, page]));
    const then = new Map(view.before.pool.pages.map((page) => [page.page, page]));
    const rows = [...now.values()].map((page) => ({
      page, old: then.get(page.page), tag: then.has(page.page) ? "" : "new",
    }));
    for (const page of then.values()) {
      if (!now.has(page.page)) rows.push({ page: { ...page, objects: [] }, old: page, tag: "released" });
    }
    rows.sort((a, b) => (a.page.size_class ?? 0) - (b.page.size_class ?? 0) || a.page.page - b.page.page);
    const [shown, left] = choose(rows, view);
    const box = make("div", rows.length > MANY_PAGES ? "pages many" : rows.length > FEW_PAGES ? "pages" : "pages few");
    view.widest = Math.max(PAGE_BYTES, ...shown.map((row) => row.page.capacity_bytes));
    box.append(...shown.map((row) => drawPage(row.page, row.old, row.tag, view)));
    if (!rows.length && !view.pool.total_pages) box.append(make("p", "empty", "The pool holds no pages."));
    const untold = left + (view.state.left_out?.pages ?? 0);
    if (untold) box.append(make("p", "empty", `${counted(untold, "more page")} that this is not about.`));
    return box;
  };

  /* A bar of how full something is; a mark is where something else happens. */
  const gauge = (label, says, part, whole, mark, markSays) => {
    const fill = make("span", part > whole ? "fill over" : "fill");
    fill.style.width = percent(part, whole);
    const bar = make("div", "gauge", fill);
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", `${label}: ${says}`);
    if (mark !== null) {
      const line = make("span", "mark");
      line.style.left = percent(mark, whole);
      line.title = markSays;
      bar.append(line);
    }
    return make("div", "measure", make("p", "", make("strong", "", label), ` ${says}`), bar);
  };

  const poolGauge = ({ pool, before }) => {
    const limit = pool.limit_pages ?? Math.max(pool.total_pages, before.pool.total_pages, 1);
    const says = [pool.limit_pages === null ? `${counted(pool.total_pages, "page")}, no limit` : `${number(pool.total_pages)} of ${counted(limit, "page")}`];
    if (pool.accept_pages !== null) says.push(`once full, it accepts again below ${number(pool.accept_pages)}`);
    const made = gauge("Pool", says.join("; "), pool.total_pages, limit, pool.accept_pages, "accept threshold");
    if (pool.waiting) made.firstChild.append(make("span", "tag full", "was full: refuses until below the threshold"));
    else if (pool.full) made.firstChild.append(make("span", "tag full", "full"));
    if (pool.total_pages !== before.pool.total_pages) made.classList.add("changed");
    return made;
  };

  const chip = (text, className) => make("li", className, text);

  const choosable = (value, pick) => {
    const button = make("button", "pick", String(value));
    button.type = "button";
    button.addEventListener("click", () => pick(String(value)));
    return button;
  };

  /* A row of small boxes under a name; what was not there before stands out. text: what a value is
     shown as. pick: called with a value that is clicked, or null. */
  const chips = (name, values, old, text = String, pick = null) => {
    const known = new Set(old);
    const late = values.length - MOST_CHIPS;
    /* Of a list with a gap only what is in front of all that was there is sure to be new. */
    const end = values.includes(null) ? values.findIndex((value) => known.has(value)) : values.length;
    const isNew = (value, at) => at < end && !known.has(value);
    const shown = values.map((value, at) => [value, isNew(value, at)]).filter(([, fresh], at) => at < MOST_CHIPS || fresh).slice(0, 2 * MOST_CHIPS);
    const drawChip = (value, fresh) => {
      if (value === null) return chip("…", "empty");
      return chip(pick === null ? text(value) : choosable(value, pick), fresh ? "new" : "");
    };
    const list = make("ol", "chips", shown.map(([value, fresh]) => drawChip(value, fresh)));
    if (late > 0) list.append(chip(`and ${number(values.length - shown.length)} more`, "empty"));
    if (!values.length) list.append(chip("none", "empty"));
    return make("div", same(values, old) ? "row" : "row changed", make("h3", "", name), list);
  };

  const drawLists = ({ state, pool, before }) => {
    const old = new Map(before.pool.lists.map((list) => [list.name, list.pages]));
    const busy = pool.lists.filter((list) => list.pages.length || old.get(list.name)?.length || pool.lists.length <= 4);
    const rows = busy.map((list) => chips(list.name, list.pages, old.get(list.name) ?? []));
    if (state.entry_lru !== null) {
      const used = new Set(state.entries.filter((entry) => entry.referenced).map((entry) => entry.slot));
      const text = (slot) => (used.has(slot) ? `${slot} used` : String(slot));
      rows.push(chips("zswap's LRU of slots (newest first)", state.entry_lru, before.entry_lru ?? [], text));
    }
    return rows;
  };

  const entryText = (entry) => {
    const flags = ["busy", "stale", "referenced"].filter((flag) => entry[flag]).map((flag) => `, ${flag === "busy" ? "in use" : flag}`);
    const length = entry.length_bytes === null ? "" : ` ${number(entry.length_bytes)} B`;
    const what = { "same-filled": " one word", compressed: length, raw: `${length} raw` }[entry.kind] ?? ` ${entry.kind}`;
    return `${entry.slot}:${what}${flags.join("")}`;
  };

  const drawEntries = ({ state, before }) =>
    chips("Entries (slot: length)", state.entries.map(entryText), before.entries.map(entryText));

  const SIGNS = [
    ["header", "the allocator's header", (view) => view.header > 0],
    ["edges", "ends of its pages", ({ pool }) => pool.pages.some((page) => page.capacity_bytes > PAGE_BYTES)],
    ["unused", "rounded up: taken, but empty", () => true],
    ["about", "pages that this step is about", (view) => view.named.size > 0],
    ["fresh", "new or moved", (view) => view.fresh],
    ["left", "objects that left", (view) => view.left],
  ];

  const drawLegend = (view) => {
    if (!view.pool.pages.length && !view.before.pool.pages.length) return [];
    const signs = SIGNS.filter(([, , applies]) => applies(view));
    return [make("p", "legend", signs.map(([sign, says]) => make("span", "", make("i", `sign ${sign}`), says)))];
  };

  const drawDisk = ({ state, before }) => {
    const rows = [chips("Swap file (slots)", state.swap_file, before.swap_file)];
    const zeros = state.zero_slots ?? [], were = before.zero_slots ?? [];
    if (zeros.length + were.length) rows.push(chips("Zeros, noted by the swap core (slots)", zeros, were));
    return rows;
  };

  const drawMemory = ({ state, before, pool, pickMemory }) => {
    if (state.memory === null) return [];
    const { resident, limit_pages } = state.memory;
    const count = state.memory.resident_pages ?? resident.length;
    const used = count + pool.total_pages;
    return [
      gauge("Memory", `${counted(count, "resident page")} and ${number(pool.total_pages)} of the pool, of ${number(limit_pages)}`, used, limit_pages, null, ""),
      chips("Resident (newest first)", resident, before.memory?.resident ?? [], String, pickMemory),
    ];
  };

  /* used: the counters that are not 0 all the time; the others are named only. */
  const drawCounters = ({ state, before, used }) => {
    const shown = Object.entries(state.counters).filter(([name]) => used.has(name));
    const rows = shown.map(([name, value]) => {
      const change = value - (before.counters[name] ?? 0);
      const row = make("tr", change ? "changed" : value ? "" : "zero");
      row.dataset.counter = name;
      const by = change ? `${change > 0 ? "+" : "−"}${number(Math.abs(change))}` : "";
      const heading = make("th", "", name);
      heading.scope = "row";
      row.append(heading, make("td", "", number(value)), make("td", "change", by));
      return row;
    });
    return make("table", "counters", make("caption", "", "Counters"), make("tbody", "", rows));
  };

  const drawIdle = ({ state, used }) => {
    const idle = Object.keys(state.counters).filter((name) => !used.has(name));
    return idle.length ? [make("p", "idle", `Always 0 here: ${idle.join(", ")}.`)] : [];
  };

  /* state: to draw. before: what it is compared with. named: pages that the step speaks of.
     used: names of counters to show. header: bytes before the first object of a page. pickPage, pickSlot, pickMemory: called with what is clicked, or null. first: nothing came before. */
  const draw = (state, before, more) => {
    const was = new Set(before.swap_file);
    const view = { state, before, pool: state.pool, first: false, fresh: false, left: false, ...more };
    view.busy = new Set(state.entries.filter((entry) => entry.busy).map((entry) => entry.slot));
    view.written = new Set(state.swap_file.filter((slot) => !was.has(slot)));
    return {
      pool: [make("div", "measures", poolGauge(view), drawMemory(view)), drawPages(view), ...drawLegend(view)],
      lists: drawLists(view),
      beside: [...drawDisk(view), drawEntries(view), ...drawIdle(view)],
      counters: [drawCounters(view)],
    };
  };

  return { draw, make, counted };
})();
