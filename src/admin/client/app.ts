import { Board } from './board.ts';
import { Charts } from './charts.ts';
import { AdminNode, credentialIn, NotSignedIn } from './node.ts';

const pollMs = 1_000;
const storedAs = 'latchkey-admin-credential';

const form = byId('sign-in', HTMLFormElement);
const input = byId('credential', HTMLInputElement);
const status = byId('status', HTMLElement);
const signOut = byId('sign-out', HTMLButtonElement);
const error = byId('sign-in-error', HTMLElement);
const board = new Board(document);
let charts: Charts | undefined;
/** What is being watched; another one, or none, ends its polling. */
let watched: AdminNode | undefined;

byId('host', HTMLElement).textContent = location.host;
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const credential = credentialIn(input.value);
  sessionStorage.setItem(storedAs, credential);
  void watch(credential);
});
signOut.addEventListener('click', () => leave(''));

const kept = sessionStorage.getItem(storedAs);
if (kept === null) ask('');
else void watch(kept);

function ask(words: string): void {
  form.hidden = false;
  status.hidden = true;
  signOut.hidden = true;
  byId('readiness', HTMLElement).hidden = true;
  byId('about', HTMLElement).textContent = '';
  error.textContent = words;
  input.value = '';
  input.focus();
}

function leave(words: string): void {
  watched = undefined;
  sessionStorage.removeItem(storedAs);
  ask(words);
}

/** Shows the node each second, until another one is watched or nobody is signed in. */
async function watch(credential: string): Promise<void> {
  const node = new AdminNode(credential);
  watched = node;
  let isBegun = false;
  while (watched === node) {
    try {
      const [answer, history] = await Promise.all([node.status(), isBegun ? undefined : node.history()]);
      if (watched !== node) return;
      show();
      if (history !== undefined) charts?.begin(history);
      isBegun = true;
      charts?.add(answer.now);
      board.show(answer);
    } catch (thrown) {
      if (watched !== node) return;
      const words = (thrown as Error).message;
      if (thrown instanceof NotSignedIn) return leave(words);
      // What happened while it did not answer is read again from its own history.
      isBegun = false;
      if (form.hidden) board.lost(words);
      else error.textContent = `The node does not answer: ${words}`;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function show(): void {
  form.hidden = true;
  status.hidden = false;
  signOut.hidden = false;
  charts ??= new Charts(document);
}

function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${id}`);
  return found;
}
