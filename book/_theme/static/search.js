// Searches the whole text of the book (_extensions/search_index.py) with MiniSearch, and lists what it finds page by page.
"use strict";

{
  const { pages, synonyms } = window.searchIndex;
  const WEIGHT = { chapter: 1.5, other: 1, reference: 0.5 };
  const PAGES = 15;
  const ENTRIES = 3; // of a page
  const FAINT = 0.05; // of the best score: below it, nothing is shown
  const EXCERPT = 240; // signs
  const BEFORE = 60; // of them before the first word that was found
  const WORD = /[\p{L}\p{N}_]+/gu;
  const COMPOUND = /_|(?<=\p{Ll})(?=\p{Lu})/u; // load_mnist, LatentExplorer
  // British and American spellings, and the forms of a word, become one. What comes of it is never shown.
  const FORMS = [
    [/parametr(?=i)/, "parameter"],
    [/is(?=(?:e|ed|er|ers|es|ing|ation|ations)$)/, "iz"],
    [/ys(?=(?:e|ed|er|es|ing)$)/, "yz"],
    [/(?<=..)our(?=(?:s|ed|ing|able|al|hood|hoods|ite)?$)/, "or"],
    [/(?<=.{4})ll(?=(?:ed|ing|er|ers)$)/, "l"],
    [/(?<=cent|fib|met)r(?=(?:e|ed|es|ing)$)/, "er"],
    [/grey/, "gray"],
    [/(?<=.{4})(?:at(?:e|es|ed|ing|ion|ions|or|ors)|er(?:e|s|ed|es|ing)?|ings?|ed|es|e|(?<!s)s)$/, ""],
  ];

  const COMMON = new Set(
    "a an and are as at be by can do does for from how i in is it of on or that the this to what when which why with".split(" "),
  );

  const known = new Map();
  const normal = (word) => {
    if (!known.has(word)) {
      const letters = word.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/^[βϐ]$/u, "beta");
      known.set(word, FORMS.reduce((form, [from, to]) => form.replace(from, to), letters));
    }
    return known.get(word);
  };
  const words = (text) =>
    (text.match(WORD) ?? []).flatMap((word) => {
      const parts = word.split(COMPOUND).filter(Boolean);
      return parts.length > 1 ? [word, ...parts] : [word];
    });

  const spelled = new Map(); // what is searched for -> the shortest word that stands for it
  const engine = new MiniSearch({
    fields: ["heading", "title", "text"],
    tokenize: words,
    processTerm: (word, field) => {
      if (COMMON.has(word.toLowerCase())) return null;
      const form = normal(word);
      if (field && !(spelled.get(form)?.length <= word.length)) spelled.set(form, word.toLowerCase());
      return form;
    },
    searchOptions: { boost: { heading: 3, title: 2 }, boostDocument: (id) => WEIGHT[entries[id].kind] },
  });
  const entries = pages.flatMap(({ page, kind, entries: found }) =>
    found.map(([anchor, heading, text]) => ({ page, kind, anchor, heading, text, title: found[0][1] })),
  );
  engine.addAll(entries.map((entry, id) => ({ id, ...entry })));

  const forms = (text) => words(text).map(normal).join(" ");
  const groups = synonyms.map((group) => group.map((phrase) => ` ${forms(phrase)} `));
  const meant = new Set(groups.flat().join("").split(" "));
  const sayings = (query) => {
    const asked = ` ${forms(query)} `;
    return groups.flatMap((group) => {
      const said = group.filter((phrase) => asked.includes(phrase));
      return said.flatMap((phrase) => group.map((other) => asked.replace(phrase, other))).filter((one) => one !== asked);
    });
  };

  const find = (query) => {
    const results = engine.search({
      queries: [
        {
          queries: [query],
          fuzzy: (form) => !spelled.has(form) && 0.25,
          prefix: (form, place, all) => place === all.length - 1 || !spelled.has(form),
        },
        ...sayings(query).map((saying) => ({ queries: [saying], combineWith: "AND", processTerm: (form) => form })),
      ],
    });
    return results.filter(({ score }) => score >= FAINT * results[0].score);
  };

  // A word of the query that the book does not have, nor one that begins so, becomes the likeliest that it has.
  const corrected = (query) =>
    query.replace(WORD, (word) => {
      if (word.length < 4 || meant.has(normal(word)) || engine.search(word, { prefix: true }).length) return word;
      for (let fuzzy = 1; fuzzy <= word.length / 3; fuzzy++) {
        const counts = {};
        for (const { terms } of engine.search(word, { fuzzy })) for (const term of terms) counts[term] = (counts[term] ?? 0) + 1;
        const [best] = Object.keys(counts).sort((a, b) => counts[b] - counts[a]);
        if (best) return spelled.get(best);
      }
      return word;
    });

  const element = (name, ...content) => {
    const made = document.createElement(name);
    made.append(...content);
    return made;
  };
  const link = (address, content) => Object.assign(element("a", ...content), { href: address });

  const marked = (text, terms) =>
    text.split(/([\p{L}\p{N}_]+)/u).map((piece, place) => {
      const isFound = place % 2 && words(piece).some((word) => terms.has(normal(word)));
      return isFound ? element("mark", piece) : piece;
    });

  const excerpt = (text, terms) => {
    const hits = [...text.matchAll(WORD)].filter(([word]) => terms.has(normal(word))).map(({ index }) => index);
    const near = (hit) => hits.filter((index) => index >= hit && index < hit + EXCERPT - BEFORE).length;
    const first = hits.reduce((best, hit) => (near(hit) > near(best) ? hit : best), hits[0] ?? 0);
    const start = first > BEFORE ? text.indexOf(" ", first - BEFORE) + 1 : 0;
    const end = start + EXCERPT < text.length ? text.lastIndexOf(" ", start + EXCERPT) : text.length;
    return `${start ? "… " : ""}${text.slice(start, end)}${end < text.length ? " …" : ""}`;
  };

  const listed = ([page, found]) => {
    const pageTerms = new Set(found.flatMap(({ terms }) => terms));
    const heading = element("h2", link(page, marked(entries[found[0].id].title, pageTerms)));
    const items = found.slice(0, ENTRIES).map((result) => {
      const { anchor, heading: name, title, text } = entries[result.id];
      const terms = new Set(result.terms);
      const said = element("p", ...marked(excerpt(text, terms), terms));
      return name === title ? element("li", said) : element("li", link(`${page}#${anchor}`, marked(name, terms)), said);
    });
    return element("section", heading, element("ul", ...items));
  };

  const asking = (query) => `?q=${encodeURIComponent(query)}`;
  const status = document.getElementById("search-status");
  const results = document.getElementById("search-found");
  const show = (query) => {
    const found = Map.groupBy(find(query), ({ id }) => entries[id].page);
    const better = corrected(query);
    const count = found.size === 1 ? "1 page" : `${found.size || "No"} pages`;
    status.replaceChildren(query.trim() ? `${count} for “${query.trim()}”.` : "");
    if (better !== query) status.append(" Did you mean ", link(asking(better), [better]), "?");
    results.replaceChildren(...[...found].slice(0, PAGES).map(listed));
  };

  const field = document.querySelector(".bd-search-container input");
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.focus();
  field.addEventListener("input", () => {
    show(field.value);
    history.replaceState(null, "", asking(field.value)); // for the way back from a result
  });
  show(field.value);
}
