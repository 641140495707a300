import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ask, HeadSigner, verifyStore } from '../../src/audit/index.ts';
import { deviceId, subjectId } from '../../src/base/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { auditPlaceOf, developmentIssuerOf, openGrantBook } from '../../src/wiring/index.ts';
import { startedCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type PlainView, plainCamera, plainViewer } from '../support/plain-media.ts';
import { seededRandom } from '../support/seeded-random.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-killed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kills = 50;
const seed = 20_240_216;
const cameras = ['cam-1', 'cam-2', 'cam-3'];
const people = ['ann', 'ben', 'cleo'];

interface Watched {
  readonly subject: string;
  readonly device: string;
  readonly view: PlainView;
}

it(`of ${kills} relays killed under load each leaves a whole record, and no view that carried media is missing from it`, {
  timeout: 900_000,
}, async () => {
  const environment = {
    LATCHKEY_CONFIG: 'config/demo.json',
    LATCHKEY_DEMO: 'false',
    LATCHKEY_DATA_DIRECTORY: folder,
    LATCHKEY_HTTP_HOST: '127.0.0.1',
    LATCHKEY_HTTP_PORT: `${await freePort()}`,
    LATCHKEY_RELAY_HOST: '127.0.0.1',
    LATCHKEY_RELAY_PORT: '0',
    LATCHKEY_OPERATIONS_PORT: '0',
    LATCHKEY_ADMIN_PORT: '0',
    LATCHKEY_ADMISSION_REGISTRATIONS_PER_MINUTE: 'null',
    LATCHKEY_ADMISSION_ATTEMPTS_PER_MINUTE: 'null',
  };
  const { LATCHKEY_CONFIG, ...variables } = environment;
  const settings = loadSettings(LATCHKEY_CONFIG, variables);
  const url = `http://127.0.0.1:${settings.http.port}`;
  const issuer = await developmentIssuerOf(settings);
  const tokens = new Map<string, string>();
  const book = openGrantBook(settings, process.env);
  for (const device of cameras) {
    tokens.set(device, await issuer.token('camera', device, 3_600));
    for (const subject of people) {
      tokens.set(subject, await issuer.token('viewer', subject, 3_600));
      await book.grant({ subject: subjectId(subject), device: deviceId(device), role: 'owner', notAfterMs: undefined });
    }
  }
  await book.close();
  const place = await auditPlaceOf(settings);
  const publicKey = new HeadSigner(place.key).publicKey;
  const tokenOf = (name: string) => tokens.get(name) ?? '';
  const random = seededRandom(seed);
  const pick = (list: readonly string[]) => list[Math.floor(random.fraction() * list.length)] ?? '';
  const all: Watched[] = [];

  /** The record as it lies on the disk now is whole, and has each view that a viewer saw something of. */
  const look = (round: number): void => {
    const verdict = verifyStore({ ...place, publicKey });
    expect(verdict.findings, `round ${round}, seed ${seed}`).toEqual([]);
    const answers = cameras.flatMap((device) => ask(place.file, 'device', device, 0, Date.now()).viewings);
    const bySession = new Map(answers.map((viewing) => [viewing.session, viewing]));
    for (const { subject, device, view } of all) {
      if (view.firstMs === undefined) continue;
      const viewing = bySession.get(view.session ?? '');
      expect([viewing?.subject?.name, viewing?.device?.name], `round ${round}: ${view.session}`).toEqual([
        subject,
        device,
      ]);
      expect(viewing?.startedAtMs).toBeLessThanOrEqual(view.firstMs);
    }
  };

  for (let round = 0; round < kills; round++) {
    await using stack = new AsyncDisposableStack();
    const relay = await startedCommand(['serve'], /^Latchkey serves/, environment);
    let running = true;
    stack.defer(() => relay.stop('SIGKILL').then(() => {}));
    let left = 1 + Math.floor(random.fraction() ** 2 * 400);
    const killed = Promise.withResolvers<void>();
    const happened = () => {
      left -= 1;
      if (left !== 0) return;
      running = false;
      void relay.stop('SIGKILL').then(() => killed.resolve());
    };
    const watching = async () => {
      while (running) {
        const [subject, device] = [pick(people), pick(cameras)];
        happened();
        try {
          const viewer = await plainViewer(url, tokenOf(subject), device, happened);
          stack.defer(() => viewer.end());
          all.push({ subject, device, view: viewer.view });
          await Promise.race([viewer.answered, killed.promise]);
          if (random.fraction() < 0.5) viewer.end();
        } catch {
          // The relay is gone, or has no place: another try.
        }
      }
    };
    const begun = cameras.map((device) => plainCamera(url, tokenOf(device), happened));
    const registered = (await Promise.allSettled(begun)).flatMap((each) =>
      each.status === 'fulfilled' ? [each.value] : [],
    );
    for (const camera of registered) stack.defer(() => camera.end());
    // What fails does so because the relay is gone.
    await Promise.allSettled([watching(), watching(), killed.promise]);
    await killed.promise;
    look(round);
  }

  const last = await startedCommand(['serve'], /^Latchkey serves/, environment);
  await last.stop();
  look(kills);
  const carried = all.filter(({ view }) => view.firstMs !== undefined);
  const viewings = cameras.flatMap((device) => ask(place.file, 'device', device, 0, Date.now()).viewings);
  expect(viewings.filter(({ end }) => end === 'open')).toEqual([]);
  const lost = new Map(viewings.filter(({ end }) => end === 'lost').map((viewing) => [viewing.session, viewing]));
  for (const { view } of carried) {
    const viewing = lost.get(view.session ?? '');
    if (viewing !== undefined) expect(viewing.endedAtMs).toBeGreaterThanOrEqual(view.lastMs ?? 0);
  }
  // Some were killed in the middle of it, or this has shown nothing.
  expect(carried.length).toBeGreaterThan(kills);
  expect(lost.size).toBeGreaterThan(kills / 2);
});
