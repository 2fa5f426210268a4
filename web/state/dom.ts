/** What an element may hold; `false` and `undefined` are left out, so that parts can be conditional. */
export type Child = Node | string | false | undefined;

/** Attributes: `true` sets an empty one, `false` and `undefined` none. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an HTML element. Text goes in as text, never as markup: names of files are strangers'. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

/** Makes an SVG element. */
export function svgElement<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

/** Puts other children in place of those that an element has. */
export function replaceContent(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((child) => child !== undefined && child !== false));
}

/**
 * Sets styles. By property and not by attribute, which the page's content security policy does not allow.
 *
 * @param styles - Names as in CSS, custom properties too.
 */
export function style<E extends HTMLElement | SVGElement>(
  target: E,
  styles: Readonly<Record<string, string>>,
): E {
  for (const [name, value] of Object.entries(styles)) target.style.setProperty(name, value);
  return target;
}

function fill<E extends Element>(target: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    target.setAttribute(name, value === true ? '' : String(value));
  }
  replaceContent(target, ...children);
  return target;
}
