/**
 * The styles of naive-ui under a policy that allows no style element: what it would put into the
 * head becomes constructed style sheets, which the policy has nothing against.
 *
 * Always true: a style is in force as soon as it was put on the shelf, so that whoever measures
 * itself when it is mounted measures what will be seen.
 */

/** Given to naive-ui as the place of its styles; never a part of the document. */
export const shelf = document.createElement('div');

const sheets = new WeakMap<Node, CSSStyleSheet>();
function sheetOf(style: Node): CSSStyleSheet {
  const known = sheets.get(style);
  if (known) return known;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.textContent ?? '');
  sheets.set(style, sheet);
  return sheet;
}
const wear = () => {
  document.adoptedStyleSheets = [...shelf.children].map(sheetOf);
};

const { appendChild, insertBefore } = Node.prototype;
shelf.appendChild = <Child extends Node>(style: Child): Child => {
  appendChild.call(shelf, style);
  wear();
  return style;
};
shelf.insertBefore = <Child extends Node>(style: Child, before: Node | null): Child => {
  insertBefore.call(shelf, style, before);
  wear();
  return style;
};

/** What css-render made, which knows its styles by their id. */
const idOf = (node: Node): string | null =>
  node instanceof HTMLStyleElement ? node.getAttribute('cssr-id') : null;
const isShelved = (id: string) => [...shelf.children].some((style) => idOf(style) === id);

/** vueuc, which naive-ui is built on, asks nobody for a place: it goes to the head. */
export function catchStyles(): void {
  const { head } = document;
  head.insertBefore = <Child extends Node>(node: Child, before: Node | null): Child => {
    const id = idOf(node);
    if (id === null) return insertBefore.call(head, node, before) as Child;
    return isShelved(id) ? node : shelf.insertBefore(node, shelf.firstChild);
  };
}
