// What anywidget asks of a model, without a widget manager: for a saved page, and for tests.

export function makeModel(values) {
  const changed = new EventTarget();
  const listeners = new Map();
  return {
    get: (name) => values[name],
    set(name, value) {
      if (Object.is(values[name], value)) return;
      values[name] = value;
      changed.dispatchEvent(new Event(`change:${name}`));
    },
    on(event, listener) {
      listeners.set(listener, () => listener());
      changed.addEventListener(event, listeners.get(listener));
    },
    off: (event, listener) => changed.removeEventListener(event, listeners.get(listener)),
    save_changes() {}, // nobody else listens
  };
}
