// Where RequireJS finds the widget modules: beside this file, never on another host.
// The addresses are absolute, so that pages in folders and pages opened from disk work alike.
// embed-amd.js defines the @jupyter-widgets modules itself; their paths only tell it where its
// fonts are, and all of them must be mapped, or some fonts are sought in the wrong place.
(function () {
  const here = new URL(".", document.currentScript.src).href;
  requirejs.config({
    paths: {
      anywidget: here + "anywidget",
      "@jupyter-widgets/base": here + "base",
      "@jupyter-widgets/controls": here + "controls",
      "@jupyter-widgets/output": here + "output",
      "@jupyter-widgets/html-manager": here + "index",
      "@jupyter-widgets/html-manager/dist/libembed-amd": here + "libembed-amd",
    },
  });
})();
