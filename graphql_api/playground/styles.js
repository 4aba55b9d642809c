// GraphiQL's libraries write styles as text: into style elements, and into attributes of HTML. The page's policy forbids
// both, whoever writes them; scripts may set the same styles through the CSSOM. This does so, and is imported first.

const texts = new WeakMap();

// The policy allows a style element that is empty, so it has a sheet once it is in the document.
const fill = (element) => {
  const { sheet } = element;
  const parsed = new CSSStyleSheet();
  parsed.replaceSync(texts.get(element));
  while (sheet.cssRules.length) sheet.deleteRule(0);
  for (const { cssText } of parsed.cssRules) sheet.insertRule(cssText, sheet.cssRules.length);
};

const write = (element, text) => {
  texts.set(element, text);
  if (element.isConnected) fill(element);
};

// Monaco's themes and the scroll bars of Radix, which put their elements into the head.
Object.defineProperty(HTMLStyleElement.prototype, "textContent", {
  get() {
    return texts.get(this) ?? "";
  },
  set(text) {
    write(this, text);
  },
});
HTMLStyleElement.prototype.appendChild = function (node) {
  write(this, this.textContent + node.data);
  return node;
};
HTMLHeadElement.prototype.appendChild = function (node) {
  const added = Node.prototype.appendChild.call(this, node);
  if (texts.has(node)) fill(node);
  return added;
};

// Monaco's lines, which are HTML with their places in it. The text of a tag is changed before it is parsed, since parsing is
// what the policy watches.
const hold = (html) =>
  String(html).replaceAll(/<[a-z][^>]*>/gi, (tag) => tag.replaceAll(/\sstyle="/g, ' data-style="'));
const release = (root) => {
  for (const element of root.querySelectorAll("[data-style]")) {
    element.style.cssText = element.dataset.style;
    delete element.dataset.style;
  }
};

const { set: setHtml, ...html } = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML");
Object.defineProperty(Element.prototype, "innerHTML", {
  ...html,
  set(text) {
    setHtml.call(this, hold(text));
    release(this);
  },
});
const { insertAdjacentHTML } = Element.prototype;
Element.prototype.insertAdjacentHTML = function (place, text) {
  insertAdjacentHTML.call(this, place, hold(text));
  release(this.parentNode ?? this);
};
