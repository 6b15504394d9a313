/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws the plots in the page's colours, switches these, sorts tables. Fetches nothing. */
"use strict";
(() => {
  const root = document.documentElement;
  const told = JSON.parse(document.getElementById("figures").textContent);
  const button = document.getElementById("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)");
  const drawn = new Map();
  let chosen = null;

  const isDark = () => (chosen === null ? prefersDark.matches : chosen === "dark");

  /* The figure with each colour replaced by its twin. */
  const coloured = (value, dark) => {
    if (typeof value === "string") return dark && Object.hasOwn(told.dark, value) ? told.dark[value] : value;
    if (Array.isArray(value)) return typeof value[0] === "number" && typeof value.at(-1) === "number" ? value : value.map((one) => coloured(one, dark));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, dark)]));
    }
    return value;
  };

  const draw = (name, dark) => {
    const box = document.getElementById(name);
    const figures = told.plots[Number(name.slice("plot-".length))];
    const choice = document.getElementById(`${name}-choice`);
    const figure = coloured(figures[choice === null ? 0 : Number(choice.value)], dark);
    figure.layout.autosize = true;
    figure.layout.hoverlabel = { ...figure.layout.hoverlabel, bordercolor: "rgba(0,0,0,0)" };
    /* On a touch screen a finger scrolls the page. */
    if (coarse.matches) figure.layout.dragmode = false;
    drawn.set(name, dark);
    return Plotly.react(box, figure.data, figure.layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    });
  };

  const names = told.plots.map((_, at) => `plot-${at}`);

  const drawAll = (dark) => {
    for (const name of names) if (drawn.get(name) !== dark) draw(name, dark);
  };

  /* One after the other, so that a page of many plots can be used meanwhile. */
  const drawNext = () => {
    const name = names.find((one) => drawn.get(one) !== isDark());
    if (name === undefined) {
      root.dataset.drawn = String(names.length);
      return;
    }
    draw(name, isDark()).then(() => setTimeout(drawNext, 0));
  };

  const show = () => {
    if (chosen !== null) root.dataset.theme = chosen;
    button.setAttribute("aria-pressed", String(isDark()));
    button.textContent = isDark() ? "Light" : "Dark";
    button.title = isDark() ? "Show the page in light colours" : "Show the page in dark colours";
    delete root.dataset.drawn;
    drawNext();
  };

  button.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    show();
  });
  prefersDark.addEventListener("change", show);
  addEventListener("beforeprint", () => {
    root.dataset.theme = "light";
    drawAll(false);
  });
  addEventListener("afterprint", () => {
    if (chosen === null) delete root.dataset.theme;
    show();
  });

  for (const choice of document.querySelectorAll("select[data-plot]")) {
    choice.addEventListener("change", () => draw(choice.dataset.plot, isDark()));
  }

  const value = (cell) => (cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value));

  const order = (one, other) => {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return one.localeCompare(other, "en", { numeric: true });
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      heading.firstElementChild.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        for (const other of headings) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => (down ? -1 : 1) * order(value(a.cells[column]), value(b.cells[column])));
        table.tBodies[0].append(...rows);
      });
    });
  }

  show();
})();
