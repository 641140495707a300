import { type Account, demoAccount, signInLink, tokenAccount } from './account.ts';
import { type CamerasScreen, camerasScreen } from './cameras.ts';
import { element } from './dom.ts';
import { type Demo, readDemo } from './relay-api.ts';
import { accountBar, peopleScreen, tokenScreen } from './sign-in.ts';

const main = document.querySelector<HTMLElement>('#main') ?? document.body;
const bar = document.querySelector<HTMLElement>('#account') ?? document.body;
let screen: CamerasScreen | undefined;

/** A sign-in link works once: what it says is gone from the address bar, and from the history, before anything else. */
function takeLink(): ReturnType<typeof signInLink> {
  const link = signInLink(location.hash);
  if (link !== undefined) history.replaceState(null, '', location.pathname);
  return link;
}

function enter(account: Account, demo: Demo | undefined): void {
  screen?.close();
  screen = camerasScreen(account, demo, (words) => leave(demo, words));
  bar.replaceChildren(...accountBar(account.person, () => leave(demo)));
  main.replaceChildren(screen.root);
  main.focus();
}

function leave(demo: Demo | undefined, words?: string): void {
  screen?.close();
  screen = undefined;
  bar.replaceChildren();
  const choice =
    demo === undefined
      ? tokenScreen((token) => enter(tokenAccount(token), demo))
      : peopleScreen(demo, (person) => enter(demoAccount(person), demo));
  if (words !== undefined) choice.prepend(element('p', { className: 'notice', role: 'alert' }, words));
  main.replaceChildren(choice);
}

function follow(link: ReturnType<typeof signInLink>, demo: Demo | undefined): void {
  if (link !== undefined && 'token' in link) {
    enter(tokenAccount(link.token), demo);
    return;
  }
  const person = demo?.people.find(({ id }) => id === link?.as);
  if (person !== undefined) enter(demoAccount(person), demo);
  else leave(demo, link === undefined ? undefined : 'This sign-in link names nobody who is known here.');
}

const link = takeLink();
try {
  const demo = await readDemo();
  follow(link, demo);
  window.addEventListener('hashchange', () => {
    const next = takeLink();
    if (next !== undefined) follow(next, demo);
  });
} catch {
  main.replaceChildren(
    element('p', { className: 'notice', role: 'alert' }, 'The relay cannot be reached. Load this page again.'),
  );
}
