// What training in the page needs beside the page itself: a program for a worker, and digits. Loaded when somebody asks.

const HOLDER = "vaeCorePlayground"; // where the book's script files leave their parts
const FOLDER = "_static/playground/";
const FILES = { program: "program.js", digits: "digits.js" };
const PATIENCE = 60_000; // milliseconds that a kernel may take

/** Run a script file of the book. `fetch` would not read a file beside a page that is opened from disk. */
function runScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`The page could not load its own file ${address}. Reload the page.`));
    document.head.append(script);
  });
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

async function fromBook(root) {
  const address = (name) => new URL(root + FOLDER + name, document.baseURI).href;
  await Promise.all(Object.values(FILES).map((name) => runScript(address(name))));
  const { program, digits } = globalThis[HOLDER];
  return { program, digits: fromBase64(digits) };
}

function fromKernel(model) {
  return new Promise((resolve, reject) => {
    const give = (message, buffers) => {
      if (message?.kind !== "assets") return;
      finish();
      const [program, digits] = buffers.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      resolve({ program: new TextDecoder().decode(program), digits: digits.slice().buffer });
    };
    const giveUp = () => {
      finish();
      reject(new Error("The kernel did not send the program and the digits. Run the cell again."));
    };
    const waiting = setTimeout(giveUp, PATIENCE);
    const finish = () => {
      clearTimeout(waiting);
      model.off("msg:custom", give);
    };
    model.on("msg:custom", give);
    model.send({ kind: "assets" });
  });
}

/**
 * The program of the worker and the digits, as the page or the kernel has them; the same for all who ask.
 * @returns {Promise<{program: string, digits: ArrayBuffer}>}
 */
export function loadAssets(model) {
  const root = document.documentElement.dataset.content_root; // in a page of a book that Sphinx made
  const key = `${HOLDER}Assets`;
  globalThis[key] ??= root === undefined ? fromKernel(model) : fromBook(root);
  globalThis[key].catch(() => delete globalThis[key]);
  return globalThis[key];
}
