import type { SharedView } from './view-state.js';

/** A pointer that moves less than this many CSS pixels has tapped. */
const TAP_RADIUS = 8;

/** Turns of the wheel that change the zoom by one step, in pixels; a notch of most wheels is 100. */
const WHEEL_STEP = 60;

/**
 * Lets pointers and the wheel move and zoom the shared view on one of its windows.
 *
 * @param onTap - A pointer came and went without moving.
 */
export function addGestures(
  frame: HTMLElement,
  view: SharedView,
  onTap: (event: PointerEvent) => void,
): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let start: { x: number; y: number; isTap: boolean } | undefined;
  let pinch: { distance: number; zoom: number } | undefined;

  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    start = { x: event.clientX, y: event.clientY, isTap: pointers.size === 1 };
    pinch = pointers.size === 2 ? { distance: spread(pointers), zoom: view.zoom } : undefined;
  });
  frame.addEventListener('pointermove', (event) => {
    const last = pointers.get(event.pointerId);
    if (last === undefined || start === undefined) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > TAP_RADIUS) start.isTap = false;
    if (start.isTap) return;
    // Of two fingers each moves the picture by half.
    view.moveBy((event.clientX - last.x) / pointers.size, (event.clientY - last.y) / pointers.size);
    if (pinch === undefined) return;
    const { x, y } = fromMiddle(frame, middleOf(pointers));
    view.zoomTo((pinch.zoom * spread(pointers)) / pinch.distance, x, y);
  });
  const end = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    pinch = undefined;
    if (event.type === 'pointerup' && start?.isTap === true && pointers.size === 0) onTap(event);
  };
  frame.addEventListener('pointerup', end);
  frame.addEventListener('pointercancel', end);

  let turned = 0;
  frame.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
      turned += event.deltaY * (event.ctrlKey ? 6 : 1);
      const { x, y } = fromMiddle(frame, { x: event.clientX, y: event.clientY });
      while (Math.abs(turned) >= WHEEL_STEP) {
        view.step(turned < 0 ? 1 : -1, x, y);
        turned -= Math.sign(turned) * WHEEL_STEP;
        // One step a notch, however far that turns.
        if (!event.ctrlKey) turned = 0;
      }
    },
    { passive: false },
  );
}

type Point = { readonly x: number; readonly y: number };

function spread(pointers: ReadonlyMap<number, Point>): number {
  const [a, b] = [...pointers.values()];
  return Math.max(1, Math.hypot(a!.x - b!.x, a!.y - b!.y));
}

function middleOf(pointers: ReadonlyMap<number, Point>): Point {
  const all = [...pointers.values()];
  return {
    x: all.reduce((sum, { x }) => sum + x, 0) / all.length,
    y: all.reduce((sum, { y }) => sum + y, 0) / all.length,
  };
}

function fromMiddle(frame: HTMLElement, { x, y }: Point): Point {
  const { left, top, width, height } = frame.getBoundingClientRect();
  return { x: x - left - width / 2, y: y - top - height / 2 };
}
