import { element } from './dom.ts';
import type { Demo, Person } from './relay-api.ts';

/** The demo's first screen: who do you want to be? */
export function peopleScreen(demo: Demo, choose: (person: Person) => void): HTMLElement {
  return element(
    'div',
    {},
    element('p', { className: 'eyebrow' }, 'Demo'),
    element('h1', {}, 'Your cameras, and nobody else’s.'),
    element(
      'p',
      { className: 'lead' },
      'Latchkey opens a live view only when it has proved that the camera belongs to whoever asks. Sign in as somebody, and see what they may watch, and what they may not.',
    ),
    element(
      'section',
      { className: 'section', ariaLabel: 'People' },
      element('div', { className: 'cards' }, ...demo.people.map((person) => personCard(person, choose))),
    ),
    element('section', { className: 'section facts', ariaLabel: 'How it works' }, ...facts.map(fact)),
  );
}

/** Where there is no demo: a token from the operator's own issuer. */
export function tokenScreen(use: (token: string) => void): HTMLElement {
  const field = element('textarea', {
    id: 'token',
    required: true,
    spellcheck: false,
    autocomplete: 'off',
    placeholder: 'eyJ…',
  });
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.value.replace(/\s+/g, '');
    field.value = '';
    if (token !== '') use(token);
  };
  return element(
    'div',
    {},
    element('h1', {}, 'Your cameras, and nobody else’s.'),
    element(
      'p',
      { className: 'lead' },
      'This relay shows a camera to whoever can prove that it is theirs. Paste a viewer’s token of your issuer. It stays in this page’s memory and is forgotten when you close it.',
    ),
    element(
      'form',
      { className: 'token-form', onsubmit: submit },
      element('label', { htmlFor: 'token' }, 'Token'),
      field,
      element('button', { className: 'primary' }, 'Show my cameras'),
    ),
  );
}

/** Who is signed in, for the top of the page. */
export function accountBar(person: Person | undefined, leave: () => void): HTMLElement[] {
  const who =
    person === undefined
      ? [element('span', { className: 'long' }, 'Signed in with a token')]
      : [avatar(person, true), element('span', { className: 'long' }, person.name)];
  const words = person === undefined ? 'Sign out' : 'Switch person';
  return [...who, element('button', { type: 'button', className: 'plain', onclick: leave }, words)];
}

export function householdName(household: string): string {
  return household === 'nobody’s' ? 'No household' : `${household} household`;
}

const facts: readonly [string, string][] = [
  [
    'Proved, not looked up',
    'Each answer about an owner names its own person and camera. One that names another is refused, and raises an alarm.',
  ],
  [
    'Checked by the camera',
    'The camera is told who will watch, over which connection, and until when. It shows itself to nobody else.',
  ],
  [
    'Sealed on the way',
    'Camera and viewer encrypt between themselves. A packet that reached the wrong address would be noise there.',
  ],
];

function fact([title, words]: readonly [string, string]): HTMLElement {
  return element('div', {}, element('h3', {}, title), element('p', {}, words));
}

function personCard(person: Person, choose: (person: Person) => void): HTMLElement {
  return element(
    'button',
    { type: 'button', className: 'person', onclick: () => choose(person) },
    avatar(person, false),
    element('span', { className: 'name' }, person.name),
    element('span', { className: 'note' }, `${person.note.charAt(0).toUpperCase()}${person.note.slice(1)}.`),
  );
}

function avatar({ name, household }: Person, small: boolean): HTMLElement {
  const className = `avatar ${household.toLowerCase().replace(/[^a-z]/g, '')}${small ? ' small' : ''}`;
  return element('span', { className, ariaHidden: 'true' }, name.slice(0, 1));
}
