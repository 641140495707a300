import { expect, test } from 'vitest';
import { LatchkeyError } from '../../src/base/index.ts';
import { Standing } from '../../src/camera/standing.ts';

function standing() {
  const asked: string[] = [];
  const audience = {
    request: async (method: string) => {
      asked.push(method);
      return {};
    },
    failure: () => void asked.push('failure'),
  };
  return { asked, connection: new Standing(audience) };
}

const failed = { code: 1002, message: 'over', session: 's1' };
const refused = expect.objectContaining({ code: 'not-registered' });

test('what the relay asks early waits for the camera’s name, and is answered in its order', async () => {
  const { asked, connection } = standing();
  const answers = [connection.request('connect', {}), connection.request('invite', {})];
  connection.failure(failed);
  await Promise.resolve();
  expect(asked).toEqual([]);
  connection.confirm();
  expect(await Promise.all(answers)).toEqual([{}, {}]);
  expect(asked).toEqual(['connect', 'invite', 'failure']);
});

test('a connection whose name was wrong reaches nobody', async () => {
  const { asked, connection } = standing();
  const early = connection.request('invite', {});
  connection.end(new LatchkeyError('device-mismatch'));
  connection.failure(failed);
  await expect(early).rejects.toEqual(refused);
  await expect(connection.request('invite', {})).rejects.toEqual(refused);
  expect(asked).toEqual([]);
});

test('a connection that is given up later reaches nobody from then on', async () => {
  const { asked, connection } = standing();
  connection.confirm();
  const cause = new LatchkeyError('device-mismatch');
  connection.end(cause);
  await expect(connection.request('invite', {})).rejects.toEqual(refused);
  expect(await connection.ended).toBe(cause);
  expect(asked).toEqual([]);
});
