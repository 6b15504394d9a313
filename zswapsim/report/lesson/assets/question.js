/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks a question about the next decision, checks the answer, and says why. */
"use strict";
const Question = (() => {
  const { make } = Draw;
  const HOW = {
    page: "Click the page in the drawing",
    memory: "Click the resident page",
    slot: "Click the object in the drawing",
    number: "Type the number",
    choice: "Choose",
  };

  /* "Page 1,024" and "1024" are the same answer. */
  const plain = (text) => {
    const words = text.trim().toLowerCase().replace(/\s+/g, " ").replace(/^(in |the |an? |zspage |page |slot )+/, "").replace(/[.]$/, "");
    const digits = words.replace(/(?<=\d)[ ,](?=\d{3}\b)/g, "");
    return /^-?\d+$/.test(digits) ? String(Number(digits)) : words;
  };

  const NEW = "a new page";

  /* question.isNew: the page of the answer was not there when it was asked for. */
  const isRight = (question, given) =>
    plain(given) === plain(question.answer) || (question.isNew && plain(given) === plain(NEW));

  const answerText = (question) => {
    if (question.isNew) return `${question.answer}, ${NEW}`;
    return question.answer;
  };

  const answerButtons = (question, done) =>
    question.choices.map((choice) => {
      const button = make("button", "answer", choice);
      button.type = "button";
      button.addEventListener("click", () => done(choice));
      return button;
    });

  const typed = (question, done) => {
    const input = make("input", "");
    input.id = "typed";
    input.type = "text";
    input.inputMode = question.kind === "choice" ? "text" : "numeric";
    input.autocomplete = "off";
    input.maxLength = 40;
    const label = make("label", "", question.kind === "number" ? "Your number" : `or type the ${question.kind}`);
    label.htmlFor = "typed";
    const check = make("button", "", "Check");
    check.type = "submit";
    const form = make("form", "typed", label, input, check);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim()) done(input.value);
      else input.focus();
    });
    return form;
  };

  /* The question as elements; done is called with an answer, or null to be shown it. */
  const ask = (question, done) => {
    const choices = [...(question.choices ?? []), ...(question.offersNew ? [NEW] : [])];
    const how = HOW[question.isOfMemory ? "memory" : question.kind] ?? HOW.choice;
    const show = make("button", "quiet", "Show the answer");
    show.type = "button";
    show.addEventListener("click", () => done(null));
    const ways = make("div", "ways");
    ways.append(...answerButtons({ ...question, choices }, done));
    if (question.kind !== "choice" || !choices.length) ways.append(typed(question, done));
    ways.append(show);
    return make("div", "asking", make("p", "asked", question.text), make("p", "how", `${how}${choices.length && question.kind !== "choice" ? ", or choose" : ""}:`), ways);
  };

  /* What is said of an answer; given is null where it was only shown. */
  const verdict = (question, given) => {
    const right = given !== null && isRight(question, given);
    const word = given === null ? "The answer" : right ? "Right" : "No";
    const said = given === null || right ? answerText(question) : `you said ${given.trim()}; it is ${answerText(question)}`;
    return make(
      "div", `verdict ${given === null ? "shown" : right ? "right" : "wrong"}`,
      make("p", "asked", question.text),
      make("p", "said", make("strong", "", `${word}: `), said),
      make("p", "why", question.why),
    );
  };

  /* How many were right, of how many; shown ones do not count as answered. */
  const score = (questions, answers) => {
    const given = [...answers].filter(([, answer]) => answer !== null);
    const right = given.filter(([at, answer]) => isRight(questions.get(at), answer)).length;
    const left = questions.size - answers.size;
    const shown = answers.size - given.length;
    return [`${right} of ${given.length} right`, shown ? `${shown} shown` : "", left ? `${left} to come` : "all done"].filter(Boolean).join(", ");
  };

  return { ask, verdict, score, isRight };
})();
