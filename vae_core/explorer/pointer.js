// The point follows a pointer. A finger takes it by its handle, with a tap or with a move sideways; the page scrolls as ever.

const SLOP = 10; // pixels that a finger moves before it means it

/**
 * Let a surface and the handle on it move a point.
 * @param {{at: (event: PointerEvent) => number[], place: () => number[], moveTo: (z: number[]) => void}} point `at` says
 *   where a pointer is and `place` where the point is, on the plane
 */
export function letMove(surface, handle, { at, place, moveTo }) {
  let drag = null;
  const minus = (a, b) => a.map((value, k) => value - b[k]);
  const moved = (event) => [event.clientX - drag.from[0], event.clientY - drag.from[1]].map(Math.abs);
  const begin = (event) => {
    if (drag || event.button !== 0) return;
    const isMouse = event.pointerType === "mouse";
    const offset = event.currentTarget === handle && !isMouse ? minus(place(), at(event)) : [0, 0];
    drag = { id: event.pointerId, from: [event.clientX, event.clientY], offset, isFirm: isMouse || event.currentTarget === handle };
    event.currentTarget.setPointerCapture(event.pointerId);
    surface.focus({ preventScroll: true });
    if (isMouse) moveTo(at(event));
    event.preventDefault();
  };
  const follow = (event) => {
    if (event.pointerId !== drag?.id) return;
    const [right, down] = moved(event);
    drag.isFirm ||= right > SLOP && right > down; // down or up, it scrolls
    if (drag.isFirm) moveTo(at(event).map((value, k) => value + drag.offset[k]));
  };
  const end = (event) => {
    if (event.pointerId !== drag?.id) return;
    if (event.type === "pointerup" && !drag.isFirm && Math.max(...moved(event)) <= SLOP) moveTo(at(event)); // a tap
    drag = null;
  };
  for (const part of [surface, handle]) {
    part.addEventListener("pointerdown", begin);
    part.addEventListener("pointermove", follow);
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) part.addEventListener(type, end);
  }
}
