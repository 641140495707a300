type Child = Node | string | undefined;

/** Makes an element. `properties` are set as properties where the element has them, else as attributes; words are text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on') && typeof value === 'function') {
      made.addEventListener(name.slice(2), value as EventListener);
    } else if (name in made) Reflect.set(made, name, value);
    else made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The keyhole, or the sign to play, in a ring. */
export function ringIcon(shape: 'keyhole' | 'play'): SVGElement {
  const paths = {
    keyhole: 'M27 15a7 7 0 0 0-3.6 13L21 37.4a1.2 1.2 0 0 0 1.1 1.6h9.8a1.2 1.2 0 0 0 1.1-1.6L30.6 28A7 7 0 0 0 27 15z',
    play: 'M22.5 17.8v18.4a1 1 0 0 0 1.5.9l15-9.2a1 1 0 0 0 0-1.7l-15-9.2a1 1 0 0 0-1.5.8z',
  };
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 54 54');
  svg.setAttribute('aria-hidden', 'true');
  const ring = document.createElementNS(space, 'circle');
  for (const [name, value] of Object.entries({ cx: '27', cy: '27', r: '26' })) ring.setAttribute(name, value);
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', paths[shape]);
  svg.append(ring, path);
  return svg;
}
