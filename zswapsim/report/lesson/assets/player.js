/* SPDX-License-Identifier: GPL-2.0-only */
/* Goes from step to step, forward and back; what is shown depends on the step and the answers only. */
"use strict";
(() => {
  const { make, draw, counted } = Draw;
  const root = document.documentElement;
  const lesson = JSON.parse(document.getElementById("lesson").textContent);
  const { steps } = lesson;
  let last = lesson.start;
  for (const step of steps) last = step.state = Difference.apply(last, step.state);
  const part = (id) => document.getElementById(id);
  const before = (number) => (number > 1 ? steps[number - 2].state : lesson.start);

  /* The question with what its words alone do not tell: whether its page is one of the pool, and
     whether that is there yet. A victim of reclaim is a page of memory. */
  function askedAt({ number, events, question }) {
    const isOfMemory = events.some(({ name, text }) => name === "victim" && text === question.why);
    const ofPool = question.kind === "page" && !isOfMemory;
    const offersNew = ofPool && !question.choices?.length && /^\d+$/.test(question.answer);
    const isThere = before(number).pool.pages.some(({ page }) => String(page) === question.answer);
    return { ...question, isOfMemory, offersNew, isNew: offersNew && !isThere };
  }

  const SECONDS_A_STEP = 3, TEXT_SIZES = 3, MANY_SENTENCES = 6;
  const NOT_OF_POOL = new Set(["fault", "victim", "swap_full"]);
  const questions = new Map();
  for (const step of steps) if (step.question !== null) questions.set(step.number, askedAt(step));
  const used = new Set();
  for (const { counters } of [lesson.start, ...steps.map((step) => step.state)]) {
    for (const [name, value] of Object.entries(counters)) if (value) used.add(name);
  }
  const places = [lesson.start, ...steps.map((step) => step.state)].flatMap(({ pool }) =>
    pool.pages.flatMap((page) => page.objects.filter((object) => object.place === "FIRST").map((object) => object.offset_bytes)));
  const header = places.length ? places.reduce((least, offset) => Math.min(least, offset)) : 0;
  const answers = new Map();
  let at = 0, asks = false, timer = null;

  const isOpen = (number) => asks && questions.has(number) && !answers.has(number);

  /* The pages of the pool that a step's sentences are about. */
  const namedBy = (step) => {
    const found = new Set();
    for (const { name, values } of step.events) {
      if (NOT_OF_POOL.has(name)) continue;
      for (const key of ["page", "zspage", "to_page", "to_zspage"]) if (Object.hasOwn(values, key)) found.add(values[key]);
    }
    return found;
  };

  const sentences = (step) => {
    const told = step.events.filter((event) => event.text);
    if (!told.length) return null;
    const list = make("ol", told.length > MANY_SENTENCES ? "events many" : "events", told.map((event) => make("li", "", event.text)));
    if (told.length > MANY_SENTENCES) list.tabIndex = 0;
    list.setAttribute("aria-label", "What was decided, and why");
    return list;
  };

  const refused = (outcome) => /^(refused|failed|not )/i.test(outcome);

  /* What is known before the decision: how large the page is that is offered. */
  const given = ({ events, question }) => {
    const [first] = events;
    const known = first?.name === "store" && first.text && first.text !== question.why;
    return known ? make("ol", "events", make("li", "", first.text)) : null;
  };

  /* The words on the step: what is done and, unless it is asked for, what came of it and why. */
  const words = (step, open) => {
    if (step === null) {
      const keys = "Go on with Next, or with the right arrow key.";
      return [make("p", "note", steps.length ? `${counted(steps.length, "step")}. ${keys}` : "This lesson has no steps.")];
    }
    const command = make("p", "command", make("code", "", step.command));
    if (open) return [command, given(step)].filter((one) => one !== null);
    const notes = step.notes.map((note) => make("p", "note", note));
    command.append(make("span", refused(step.outcome) ? "outcome refused" : "outcome", step.outcome));
    return [command, sentences(step), ...notes].filter((one) => one !== null);
  };

  const answered = (given) => {
    answers.set(at, given);
    show();
    part("next").focus({ preventScroll: true });
  };

  const questionPart = (step, open) => {
    if (step === null || step.question === null || !asks) return [];
    const question = questions.get(at);
    return [open ? Question.ask(question, answered) : Question.verdict(question, answers.get(at) ?? null)];
  };

  const listSteps = () => {
    for (const item of part("all").children) {
      const number = Number(item.dataset.step);
      item.classList.toggle("told", !asks || (number <= at && !isOpen(number)));
      if (number === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
  };

  /* Of many pages, which scroll by themselves, the one that the step is about is seen. */
  const showPage = () => {
    const pages = part("pool").querySelector(".pages.many");
    const page = pages?.querySelector(".page.new, .named");
    if (page) pages.scrollTop = page.offsetTop - (pages.clientHeight - page.offsetHeight) / 2;
  };

  const show = () => {
    const step = at ? steps[at - 1] : null;
    const open = step !== null && isOpen(at);
    const was = before(at);
    const question = open ? questions.get(at) : null;
    const picks = (kind) => (question !== null && (question.isOfMemory ? "memory" : question.kind) === kind ? answered : null);
    const drawn = draw(step === null || open ? was : step.state, was, {
      named: step === null || open ? new Set() : namedBy(step),
      first: step === null || open,
      used,
      header,
      pickPage: picks("page"),
      pickSlot: picks("slot"),
      pickMemory: picks("memory"),
    });
    for (const [name, children] of Object.entries(drawn)) part(name).replaceChildren(...children);
    part("words").replaceChildren(...words(step, open));
    part("question").replaceChildren(...questionPart(step, open));
    part("score").textContent = asks ? Question.score(questions, answers) : "";
    part("intro").hidden = at > 0;
    part("where").textContent = `Step ${at} of ${steps.length}`;
    part("slider").value = String(at);
    part("slider").setAttribute("aria-valuetext", `step ${at} of ${steps.length}${step === null ? "" : `: ${step.command}`}`);
    for (const [id, off] of [["home", at === 0], ["back", at === 0], ["next", at === steps.length && !open], ["end", at === steps.length]]) {
      part(id).setAttribute("aria-disabled", String(off));
    }
    listSteps();
    root.toggleAttribute("data-open", open);
    root.dataset.shown = String(at);
    showPage();
  };

  const link = () => `#step=${at}${asks ? "&questions" : ""}`;

  /* Go to a step; with questions on, no further than the next one that is open. */
  const go = (wanted) => {
    const target = Math.max(0, Math.min(steps.length, wanted));
    const stops = [...questions.keys()].filter((number) => number > at && number <= target && isOpen(number));
    at = stops.length ? Math.min(...stops) : target;
    if (at === steps.length || isOpen(at)) pause();
    show();
    history.replaceState(null, "", link());
  };

  const next = () => {
    if (isOpen(at)) answered(null);
    else go(at + 1);
  };

  const pause = () => {
    clearInterval(timer);
    timer = null;
    part("play").textContent = "Play";
    part("play").setAttribute("aria-pressed", "false");
  };

  const play = () => {
    if (timer !== null) return pause();
    if (at === steps.length) go(0);
    timer = setInterval(() => go(at + 1), 1000 * SECONDS_A_STEP);
    part("play").textContent = "Pause";
    part("play").setAttribute("aria-pressed", "true");
    if (!isOpen(at)) go(at + 1);
  };

  const askOrNot = (on) => {
    asks = on && questions.size > 0;
    root.toggleAttribute("data-questions", asks);
    part("asks")?.setAttribute("aria-pressed", String(asks));
    if (asks) answers.clear();
    pause();
  };

  const fromLink = () => {
    const told = new URLSearchParams(location.hash.slice(1));
    const wanted = Number(told.get("step") ?? 0);
    if (told.has("questions") !== asks) askOrNot(told.has("questions"));
    at = Number.isInteger(wanted) ? Math.max(0, Math.min(steps.length, wanted)) : 0;
    show();
  };

  const KEYS = {
    ArrowRight: next, ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(steps.length),
    PageDown: next, PageUp: () => go(at - 1), " ": next,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const { target } = event;
    if (!Object.hasOwn(KEYS, event.key) || target.matches("input[type=text]")) return;
    if (event.key === " " && target.closest("button, summary, a")) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  const onClick = { home: () => go(0), back: () => go(at - 1), play, next, end: () => go(steps.length) };
  for (const [id, act] of Object.entries(onClick)) {
    part(id).addEventListener("click", () => {
      if (id !== "play") pause();
      if (part(id).getAttribute("aria-disabled") !== "true") act();
    });
  }
  part("slider").addEventListener("input", () => go(Number(part("slider").value)));
  part("asks")?.addEventListener("click", () => {
    askOrNot(!asks);
    show();
    history.replaceState(null, "", link());
  });

  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const isDark = () => (chosen === null ? prefersDark.matches : chosen === "dark");
  const colour = () => {
    if (chosen !== null) root.dataset.theme = chosen;
    part("theme").setAttribute("aria-pressed", String(isDark()));
  };
  part("theme").addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    colour();
  });
  prefersDark.addEventListener("change", colour);
  part("text").addEventListener("click", () => {
    const size = (Number(root.dataset.text ?? 0) + 1) % TEXT_SIZES;
    root.dataset.text = String(size);
    part("text").setAttribute("aria-label", `Text size ${size + 1} of ${TEXT_SIZES}`);
  });

  /* On paper all is light, and all steps are there. */
  const details = part("steps");
  let wasOpen = false;
  addEventListener("beforeprint", () => {
    wasOpen = details.open;
    details.open = true;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    details.open = wasOpen;
    delete root.dataset.theme;
    colour();
  });

  addEventListener("hashchange", fromLink);
  details.open = false;
  colour();
  fromLink();
})();
