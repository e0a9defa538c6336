// Three functions for tools/make_pdf.py: one document of all pages, formulas and tables that fit, what is cut.
({
  // Replace the open page by the whole book. `parts` is a list of {caption, pages: [{name, html}]}, in reading
  // order; the first page is the front page. Returns what stands in the way of a faithful print.
  assemble(parts) {
    const problems = [];
    const site = new URL(".", document.baseURI).href;
    const names = new Set(parts.flatMap((part) => part.pages.map((page) => page.name)));
    const make = (tag, properties = {}, ...children) => {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    };
    const heading = (page, level) => page.querySelector(`h${level}`);
    const text = (element) => {
      const copy = element.cloneNode(true);
      copy.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
      copy.querySelectorAll("a").forEach((link) => link.replaceWith(...link.childNodes));
      return [...copy.childNodes];
    };
    const entry = (title, id, level) =>
      make("li", { className: `print-level-${level}` },
        make("a", { href: `#${id}` },
          make("span", { className: "print-title" }, ...text(title)),
          make("span", { className: "print-leader" }),
          make("span", { className: "print-page" })));

    // The place of an address inside the document: `page` or `page:fragment`; null if it leads elsewhere.
    const place = (url) => {
      const path = url.href.split(/[?#]/)[0];
      if (!path.startsWith(site)) return null;
      const name = decodeURIComponent(path.slice(site.length)).replace(/\.html$/, "") || "index";
      const fragment = decodeURIComponent(url.hash.slice(1));
      return fragment ? `${name}:${fragment}` : name;
    };

    const book = make("main", { className: "print-book bd-article" });
    const contents = make("ol");
    const solutions = make("section", { id: "print-solutions", className: "print-page-of-the-book" });
    const styles = new Map();
    let front = null;

    for (const { caption, pages } of parts) {
      let opening = caption;
      for (const { name, html } of pages) {
        const source = new DOMParser().parseFromString(html, "text/html");
        const base = new URL(`${name}.html`, site);
        for (const sheet of source.querySelectorAll('link[rel="stylesheet"]')) {
          const address = new URL(sheet.getAttribute("href"), base).href;
          if (!styles.has(address))
            styles.set(address, make("link", { rel: "stylesheet", href: address, media: sheet.media }));
        }
        const article = source.querySelector("article.bd-article");
        if (!article) {
          problems.push(`${name}: the page has no article.`);
          continue;
        }
        const page = make("section", { id: name, className: "print-page-of-the-book" });
        page.append(...document.importNode(article, true).childNodes);

        for (const view of page.querySelectorAll('script[type$="widget-view+json"]'))
          if (view.nextElementSibling?.localName !== "noscript")
            problems.push(`${name}: a widget brings no still picture.`);
        page.querySelectorAll("noscript").forEach((still) => still.replaceWith(...still.childNodes));
        page.querySelectorAll(".widget-fallback").forEach((line) => {
          line.textContent = "Interactive in the web edition; a still picture:";
        });
        page.querySelectorAll("script, button, .headerlink").forEach((node) => node.remove());
        page.querySelectorAll("details").forEach((fold) => { fold.open = true; });

        const seen = new Set();
        for (const node of page.querySelectorAll("[id]")) {
          const id = `${name}:${node.id}`;
          if (seen.has(id)) node.removeAttribute("id");
          else node.id = id;
          seen.add(id);
        }
        for (const attribute of ["aria-labelledby", "aria-describedby", "for", "headers"])
          for (const node of page.querySelectorAll(`[${attribute}]`))
            node.setAttribute(attribute, node.getAttribute(attribute).replace(/\S+/g, (id) => `${name}:${id}`));
        for (const node of page.querySelectorAll("[src]"))
          node.setAttribute("src", new URL(node.getAttribute("src"), base).href);
        for (const node of page.querySelectorAll("img")) node.loading = "eager";
        for (const link of page.querySelectorAll("a[href]")) {
          const url = new URL(link.getAttribute("href"), base);
          const target = place(url);
          if (target === null) continue;
          if (names.has(target.split(":")[0])) link.setAttribute("href", `#${target}`);
          else link.replaceWith(...link.childNodes); // the search page, a download: not in print
        }

        const title = heading(page, 1);
        if (!title) {
          problems.push(`${name}: the page has no title.`);
          continue;
        }
        if (!front) {
          const logo = source.querySelector(".navbar-brand img");
          const foot = [".component-author", ".copyright"].map((part) => source.querySelector(part)?.textContent.trim());
          front = make("section", { className: "print-title-page" },
            ...(logo ? [make("img", { src: new URL(logo.getAttribute("src"), base).href, alt: "" })] : []),
            make("h1", {}, ...text(title)),
            ...foot.filter(Boolean).map((line) => make("p", {}, line)));
          document.title = title.textContent.trim();
          title.textContent = "About this book";
        }
        if (opening) {
          title.before(make("p", { className: "print-part" }, opening));
          contents.append(make("li", { className: "print-level-0" }, opening));
          opening = "";
        }
        contents.append(entry(title, name, 1));
        for (const section of page.querySelectorAll("h2"))
          if (section.parentElement.id) contents.append(entry(section, section.parentElement.id, 2));

        const chapter = make("section", {}, make("h2", {}, ...text(title)));
        for (const solution of page.querySelectorAll(".solution.admonition")) {
          const id = solution.id || `${name}:solution-${chapter.childElementCount}`;
          solution.replaceWith(make("p", { className: "print-to-solution" },
            make("a", { href: `#${id}` }, "The solution is on page ", make("span", { className: "print-page" }), ".")));
          solution.id = id;
          chapter.append(solution);
        }
        if (chapter.childElementCount > 1) solutions.append(chapter);
        book.append(page);
      }
    }
    if (solutions.childElementCount) {
      solutions.prepend(make("h1", {}, "Solutions"));
      contents.append(entry(solutions.firstElementChild, "print-solutions", 1));
      book.append(solutions);
    }
    const list = make("section", { className: "print-contents", id: "print-contents" }, make("h1", {}, "Contents"), contents);
    const root = document.documentElement;
    root.dataset.theme = root.dataset.mode = "light";
    root.dataset.print = "book";
    document.body.replaceChildren(...(front ? [front] : []), list, book);
    document.querySelectorAll('link[rel="stylesheet"]').forEach((sheet) => sheet.remove());
    document.head.append(...styles.values());
    for (const link of book.querySelectorAll('a[href^="#"]'))
      if (!document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1))))
        problems.push(`A link leads nowhere: ${link.getAttribute("href")}`);
    return problems;
  },

  // Make formulas and tables that are wider than the page smaller. Returns how many there were.
  async fit() {
    await document.fonts.ready;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    let count = 0;
    const shrink = (element, inner, room) => {
      if (inner <= room + 0.5) return;
      element.style.fontSize = `${Math.floor(100 * room / inner)}%`;
      count += 1;
    };
    for (const formula of document.querySelectorAll("div.math .katex-display")) {
      const drawn = formula.querySelector(".katex-html");
      if (drawn) shrink(formula, drawn.scrollWidth, drawn.clientWidth);
    }
    for (const table of document.querySelectorAll("table"))
      for (let size = 95; size >= 60 && table.scrollWidth > table.parentElement.clientWidth + 0.5; size -= 5) {
        count += size === 95;
        table.style.fontSize = `${size}%`;
      }
    return count;
  },

  // What a sheet of this width would cut, as sentences.
  cut() {
    const width = document.documentElement.clientWidth;
    const found = [];
    const wanted = "p, pre, table, img, figure, li, h1, h2, h3, h4, .admonition, .katex-html .base";
    for (const element of document.querySelectorAll(wanted)) {
      const box = element.getBoundingClientRect();
      if (box.width && box.right > width + 1)
        found.push(`${element.closest("section[id]")?.id}: ${Math.round(box.right - width)} px of a ${element.localName} ` +
          `are cut: ${element.textContent.trim().slice(0, 60)}`);
    }
    for (const image of document.images)
      if (!image.naturalWidth) found.push(`An image is broken: ${image.getAttribute("src").slice(-80)}`);
    return found;
  },

  // Write page numbers, a map from the id of a place to its page, wherever one is asked for.
  number(pages) {
    for (const slot of document.querySelectorAll(".print-page"))
      slot.textContent = pages[decodeURIComponent(slot.closest("a").getAttribute("href").slice(1))] ?? "?";
  },
})
