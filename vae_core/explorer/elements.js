// Making elements, and numbers for them. Text only: nothing here parses HTML.

/** An element with attributes, text and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A number for the eye: a minus is a minus, and the room it takes depends on its size alone. */
export const written = (value, digits = 2) => value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");

/** Let an element say something; what it says already costs nothing. */
export const setText = (element, text) => element.textContent === text || (element.textContent = text);

/** The width of an element, measured anew only when that of the whole, which it follows, has changed. */
export function measured(element) {
  let [whole, width] = [null, 0];
  return (now) => {
    if (now !== whole) [whole, width] = [now, element.clientWidth];
    return width;
  };
}

export const button = (text, action) => {
  const made = make("button", { type: "button" }, text);
  made.addEventListener("click", action);
  return made;
};

/**
 * Keep the keys of everything in a widget from JupyterLab and Notebook. Their shortcuts look from the focused element
 * upwards for a selector of theirs or this attribute, whichever comes first: so every control needs it, not just the root.
 */
export function keepKeys(root) {
  for (const element of [root, ...root.querySelectorAll("button, canvas, input, select, summary, textarea, [tabindex]")])
    element.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => event.stopPropagation());
}

/** Let the page do what waits. A message comes back at once, where a timer would rest for 4 ms. */
export const breath = () =>
  new Promise((resume) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (port1.close(), resume());
    port2.postMessage(null);
  });
