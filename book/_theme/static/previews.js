// Pointing at a reference, or reaching it with Tab, shows in place what it leads to; so does a tap, with a link to go there.
// Escape closes. What is shown comes from a script beside the page that the reference leads to (_extensions/previews.py).
"use strict";

{
  const LINKS = ".bd-article :is(a.reference.internal, a.api-link):not(.sd-card a, .image-reference, [download])";
  const PLACES = ":has(> .doc, > .std-ref)"; // a tap on a reference to a chapter or section goes there
  const REST = 60; // milliseconds on a reference before its preview is shown
  const LEAVE = 300; // milliseconds to reach the preview, or to come back
  const MARGIN = 8; // pixels
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const pages = {};
  const box = document.createElement("div");
  let link = null; // that is pointed at, focused or tapped
  let dismissed = false; // by Escape: no preview of this link again before it was left
  let timer = 0;
  let touched = false;
  let x = 0;
  let y = 0;

  const load = (page) =>
    (pages[page] ??= new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = new URL(`_static/previews/${page}.js`, root);
      script.onload = script.onerror = () => resolve(window.previews?.[decodeURI(page)] ?? {});
      document.head.append(script);
    }));

  const content = async ({ href }) => {
    const { pathname, hash } = new URL(href);
    const page = pathname.replace(/\/$/, "/index.html").slice(root.pathname.length, -".html".length);
    return (await load(page))[decodeURIComponent(hash.slice(1))];
  };

  const isInView = ({ pathname, hash }) => {
    if (pathname !== location.pathname || !hash) return false;
    const { top, bottom } = document.getElementById(decodeURIComponent(hash.slice(1)))?.getBoundingClientRect() ?? {};
    return top >= 0 && bottom <= innerHeight;
  };

  const place = () => {
    const lines = [...link.getClientRects()];
    const line = lines.find(({ left, right, top, bottom }) => left <= x && x <= right && top <= y && y <= bottom);
    const { left, top, bottom } = line ?? lines[0];
    const { clientWidth, clientHeight } = document.documentElement;
    const room = { below: clientHeight - bottom - MARGIN, above: top - MARGIN };
    box.style.maxHeight = "";
    const isBelow = box.offsetHeight <= room.below || room.above <= room.below;
    box.style.maxHeight = `${isBelow ? room.below : room.above}px`;
    box.style.left = `${scrollX + Math.max(MARGIN, Math.min(left, clientWidth - box.offsetWidth - MARGIN))}px`;
    box.style.top = `${scrollY + (isBelow ? bottom : top - box.offsetHeight)}px`;
  };

  const isOpen = () => box.matches(":popover-open");

  const hide = () => {
    if (!isOpen()) return;
    if (box.contains(document.activeElement)) link.focus({ preventScroll: true });
    link.removeAttribute("aria-describedby");
    box.hidePopover();
  };

  const close = () => {
    clearTimeout(timer);
    hide();
    link = null;
    dismissed = false;
  };

  const open = async (wanted) => {
    const found = await content(wanted);
    if (!found || link !== wanted) return false;
    box.innerHTML = found;
    box.role = "tooltip";
    for (const image of box.querySelectorAll("img")) image.src = new URL(image.getAttribute("src"), root);
    box.showPopover();
    place();
    link.setAttribute("aria-describedby", box.id);
    await Promise.allSettled([...box.querySelectorAll("img")].map((image) => image.decode()));
    if (link === wanted) place(); // a picture has its size only now
    return true;
  };

  const pick = (wanted) => {
    clearTimeout(timer);
    if (wanted === link) return !dismissed && !isOpen();
    close();
    if (isInView(wanted)) return false;
    link = wanted;
    content(wanted); // asks for the script while the pointer rests
    return true;
  };

  const addDoorway = () => {
    const doorway = document.createElement("a");
    Object.assign(doorway, { className: "preview-doorway", href: link.href, textContent: "Go there" });
    box.append(doorway);
    box.role = "dialog";
    doorway.focus({ preventScroll: true });
  };

  const leave = () => {
    clearTimeout(timer);
    timer = setTimeout(close, LEAVE);
  };

  if (box.showPopover && document.querySelector(LINKS)) {
    Object.assign(box, { id: "preview", className: "preview", popover: "manual", ariaLabel: "Preview", tabIndex: 0 });
    document.querySelector("main").append(box);

    addEventListener("pointerover", ({ target, pointerType, clientX, clientY }) => {
      if (pointerType === "touch") return;
      [x, y] = [clientX, clientY];
      const wanted = target.closest(LINKS);
      if (box.contains(target)) clearTimeout(timer);
      else if (!wanted) leave();
      else if (pick(wanted)) timer = setTimeout(open, REST, wanted);
    });
    document.documentElement.addEventListener("pointerleave", leave);

    addEventListener("focusin", ({ target }) => {
      const wanted = target.closest(LINKS);
      if (wanted?.matches(":focus-visible") && pick(wanted)) open(wanted);
    });
    addEventListener("focusout", ({ target, relatedTarget: next }) => {
      if ((target === link || box.contains(target)) && !box.contains(next)) leave();
    });

    addEventListener("keydown", ({ key }) => {
      touched = false;
      if (key !== "Escape" || !isOpen()) return;
      hide();
      dismissed = true;
    });

    addEventListener("pointerdown", ({ target, pointerType }) => {
      touched = pointerType === "touch";
      if (touched && !box.contains(target) && !link?.contains(target)) close();
    });
    addEventListener("click", async (event) => {
      const wanted = event.target.closest(LINKS);
      if (!wanted) return;
      if (!touched || wanted.matches(PLACES) || !pick(wanted)) return close();
      event.preventDefault();
      if (await open(wanted)) addDoorway();
      else location = wanted.href;
    });
    addEventListener("pagehide", close);
  }
}
