// What one asks for later: numbers, a closer look, the exact posterior, pins, something to keep, and the legend.

import { button, make, setText } from "./elements.js";
import { paint } from "./pad.js";
import { axesOf, exactNote, fileNameFor, klIn, legendOf, pythonFor, radiusIn, stripLabel } from "./words.js";

const STRIP = 9; // images between two points
const SAVED = 280; // pixels of the longer side of a saved picture, about
const FARTHEST_TYPED = 100;

/** The point in numbers, and the plane around it. */
function makePointRow(store) {
  const labels = axesOf(store).map((name) => {
    const input = make("input", { type: "number", step: 0.05, min: -FARTHEST_TYPED, max: FARTHEST_TYPED });
    return make("label", {}, `${name} `, input);
  });
  const inputs = labels.map((label) => label.querySelector("input"));
  const paintInput = (input, value) => {
    const typing = document.activeElement === input && (input.value === "" || Number(input.value) === value);
    if (!typing) input.value = value.toFixed(2);
  };
  inputs.forEach((input, k) => {
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value === "" || !Number.isFinite(value)) return;
      store.moveTo(store.z.map((old, j) => (j === k ? value : old)));
    });
    input.addEventListener("blur", () => (input.value = store.z[k].toFixed(2))); // what was no number gives way to z
  });
  const zoom = button("Close-up", () => store.zoom());
  const facts = make("p", { class: "le-facts" });
  return {
    parts: [make("div", { class: "le-row" }, ...labels, zoom), facts],
    paint() {
      inputs.forEach((input, k) => paintInput(input, store.z[k]));
      setText(zoom, store.view ? "Whole plane" : "Close-up");
      setText(facts, [radiusIn(store), klIn(store)].filter(Boolean).join(". "));
    },
  };
}

/** p(z|x) by Bayes' rule, which only a plane allows. */
function makeExactRow(store) {
  const truth = button("Exact posterior", () => store.toggleExact());
  const words = make("p", { class: "le-note le-exact", role: "status" });
  return {
    parts: store.content.dimensions === 2 ? [truth, words] : [],
    paint() {
      truth.setAttribute("aria-pressed", String(store.wantsExact));
      truth.disabled = !store.hasExact;
      setText(words, exactNote(store) || "What Bayes\u2019 rule says of the image, in orange.");
    },
  };
}

/** Points that are remembered, and the images between two of them. */
function makePinRow(store) {
  const { shape } = store.content;
  const strip = make("canvas", { class: "le-strip", width: STRIP * shape[1], height: shape[0], role: "img" });
  const ends = ["from", "to"].map((word, k) => {
    const select = make("select", { "aria-label": `Strip ${word}` });
    select.addEventListener("change", () => store.chooseEnd(k, Number(select.value)));
    return select;
  });
  const pin = button("", () => store.pin());
  const unpin = button("Remove pins", () => store.unpin());
  const between = make("div", { class: "le-row" }, "Strip from", ends[0], "to", ends[1]);
  const paintEnds = () =>
    ends.forEach((select, k) => {
      if (select.options.length !== store.pins.length)
        select.replaceChildren(...store.pins.map(({ name }, i) => make("option", { value: i }, name)));
      select.value = String(store.ends[k]);
    });
  const paintStrip = ([first, last]) => {
    for (let i = 0; i < STRIP; i++) {
      const share = i / (STRIP - 1);
      paint(strip, store.snapshot.picture(first.z.map((value, k) => (1 - share) * value + share * last.z[k])), shape, i);
    }
    strip.setAttribute("aria-label", stripLabel(STRIP, [first, last]));
  };
  return {
    parts: [make("div", { class: "le-row" }, pin, unpin), between, strip],
    paint() {
      const { nextPin, stretch } = store;
      setText(pin, nextPin ? `Pin ${nextPin} here` : "No more pins");
      pin.disabled = !nextPin;
      unpin.disabled = !store.pins.length;
      strip.hidden = between.hidden = !stretch;
      paintEnds();
      if (stretch) paintStrip(stretch);
    },
  };
}

/** The decoded picture as a file, and the Python that decodes it. */
function makeKeepRow(store) {
  const { shape: [height, width, channels], reproducible } = store.content;
  const png = button("Save PNG", () => {
    const small = make("canvas", { width, height });
    paint(small, store.image, [height, width, channels]);
    const times = Math.max(1, Math.round(SAVED / Math.max(height, width)));
    const large = make("canvas", { width: times * width, height: times * height });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, large.width, large.height);
    make("a", { href: large.toDataURL("image/png"), download: fileNameFor(store) }).click();
  });
  const code = make("textarea", { class: "le-code", readonly: "", rows: 4, "aria-label": "Python that decodes this point" });
  const copy = button("Copy Python", async () => {
    code.select();
    try {
      await navigator.clipboard.writeText(code.value);
      setText(copy, "Copied");
    } catch {
      setText(copy, "Selected, to be copied");
    }
    setTimeout(() => (copy.textContent = "Copy Python"), 2000);
  });
  return {
    parts: [make("div", { class: "le-row" }, png, ...(reproducible ? [copy] : [])), ...(reproducible ? [code] : [])],
    paint() {
      if (document.activeElement !== code) code.value = pythonFor(store);
    },
  };
}

function makeLegend(store) {
  const list = make("dl", { class: "le-legend" });
  let shown = null;
  return {
    parts: [list],
    paint() {
      if (shown === store.snapshot.model) return;
      shown = store.snapshot.model;
      list.replaceChildren(...legendOf(store).flatMap(([name, words]) => [make("dt", {}, name), make("dd", {}, words)]));
    },
  };
}

/** All of it, folded away until it is asked for. */
export function makeMoreView(store, refresh) {
  const rows = [makeLegend, makePointRow, makeExactRow, makePinRow, makeKeepRow].map((makeRow) => makeRow(store));
  const fold = make("details", { class: "le-more" }, make("summary", {}, "More"), ...rows.flatMap(({ parts }) => parts));
  fold.addEventListener("toggle", refresh);
  return {
    parts: [fold],
    paint() {
      if (fold.open) for (const row of rows) row.paint();
    },
  };
}
