// Keys pressed in a widget are the widget's own, not the notebook's around it.

/**
 * Keep the keys of everything in a widget from JupyterLab and Notebook. Their shortcuts look from the focused element
 * upwards for a selector of theirs or this attribute, whichever comes first: so every control needs it, not just the root.
 */
export function keepKeys(root) {
  for (const element of [root, ...root.querySelectorAll("button, canvas, input, select, textarea")])
    element.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => event.stopPropagation());
}
