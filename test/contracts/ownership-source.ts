import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceId, limits, subjectId } from '../../src/base/index.ts';
import type { Grant, OwnershipSource } from '../../src/ownership/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

export interface SourceUnderTest {
  readonly source: OwnershipSource;
  /** Makes grants the source's truth. Absent: the source can be told nothing, and must refuse everyone. */
  readonly grant?: (grants: readonly Grant[]) => void | Promise<void>;
  readonly revoke?: (grant: Pick<Grant, 'subject' | 'device'>) => void | Promise<void>;
  /** Lets the time pass in which a source on the suite's clock notices a change. */
  readonly pass?: () => void;
  readonly end: () => void | Promise<void>;
}

const subject = subjectId('alice');
const device = deviceId('cam1');
const never = new AbortController().signal;

/** What every source of ownership does, whatever it knows and however it knows it. */
export function ownershipSourceContract(
  name: string,
  open: (clock: ManualClock) => SourceUnderTest | Promise<SourceUnderTest>,
): void {
  const clock = new ManualClock();
  let under: SourceUnderTest;

  /** Whether the source says so of a grant that it was told, or would not hear of. */
  const known = () => under.grant !== undefined;

  async function told(...grants: Grant[]): Promise<OwnershipSource> {
    await under.grant?.(grants);
    return under.source;
  }

  async function rolesOf(source: OwnershipSource, questions: readonly [string, string][]) {
    const asked = questions.map(([who, what]) =>
      source.ask({ subject: subjectId(who), device: deviceId(what) }, never),
    );
    return (await Promise.all(asked)).map((answer) => answer.role);
  }

  describe(`the source ${name}`, () => {
    beforeEach(async () => {
      under = await open(clock);
    });

    afterEach(async () => {
      await under.source.close();
      await under.end();
    });

    it('has a short name of one word', () => {
      expect(under.source.name).toMatch(/^[a-z]{1,16}$/);
    });

    it('answers the question that it was asked, and names it', async () => {
      const source = await told({ subject, device, role: 'owner' });
      for (const [who, what] of [
        ['alice', 'cam1'],
        ['alice', 'cam10'],
        ['ben', 'cam1'],
      ] as const) {
        expect(await source.ask({ subject: subjectId(who), device: deviceId(what) }, never)).toMatchObject({
          subject: who,
          device: what,
          version: expect.any(String),
        });
      }
    });

    it('grants what was granted, and nothing that is like it', async () => {
      const source = await told({ subject, device, role: 'owner' });
      const like: [string, string][] = [
        ['alice', 'cam10'],
        ['alice', 'cam'],
        ['alice', 'CAM1'],
        ['alice', 'xcam1'],
        ['Alice', 'cam1'],
        ['alic', 'cam1'],
        ['alicec', 'am1'],
        ['cam1', 'alice'],
      ];
      expect(await rolesOf(source, [['alice', 'cam1']])).toEqual([known() ? 'owner' : undefined]);
      expect(await rolesOf(source, like)).toEqual(like.map(() => undefined));
    });

    it('tells roles apart, and when a share ends', async () => {
      const notAfterMs = clock.now() + 1;
      const source = await told(
        { subject, device, role: 'viewer', notAfterMs },
        { subject, device: deviceId('cam2'), role: 'owner' },
      );
      const [share, own] = await Promise.all(
        ['cam1', 'cam2'].map((id) => source.ask({ subject, device: deviceId(id) }, never)),
      );
      expect(share).toMatchObject(
        known() ? { role: 'viewer', notAfterMs } : { role: undefined, notAfterMs: undefined },
      );
      expect(own).toMatchObject({ role: known() ? 'owner' : undefined, notAfterMs: undefined });
    });

    it('forgets a grant that was taken back', async () => {
      const source = await told({ subject, device, role: 'owner' });
      await under.revoke?.({ subject, device });
      expect(await rolesOf(source, [['alice', 'cam1']])).toEqual([undefined]);
      expect(await source.devicesOf(subject, never)).toEqual([]);
    });

    it('tells of a change, and by then is of another revision', async () => {
      const source = await told({ subject, device, role: 'owner' });
      if (source.changes === undefined || under.revoke === undefined) {
        expect(() => source.revision?.()).not.toThrow();
        return;
      }
      const before = source.revision?.();
      const heard = new Promise((resolve) => {
        source.changes?.((change) => {
          const isThis = change === 'everything' || (change.subject === subject && change.device === device);
          if (isThis && source.revision?.() !== before) resolve(change);
        });
      });
      await under.revoke({ subject, device });
      under.pass?.();
      await heard;
      expect(source.revision?.()).not.toBe(before);
    });

    it('tells nobody who does not listen any more', async () => {
      const { source } = under;
      const heard: unknown[] = [];
      source.changes?.((change) => heard.push(change))();
      await told({ subject, device, role: 'owner' });
      await under.revoke?.({ subject, device });
      under.pass?.();
      expect(heard).toEqual([]);
    });

    it('lists the grants of one subject, in the order of the devices', async () => {
      const source = await told(
        { subject, device: deviceId('b'), role: 'viewer', notAfterMs: clock.now() + 1 },
        { subject, device: deviceId('a'), role: 'owner' },
        { subject: subjectId('alicea'), device: deviceId('c'), role: 'owner' },
        { subject: subjectId('ben'), device: deviceId('a'), role: 'owner' },
      );
      const listed = await source.devicesOf(subject, never);
      expect(listed.map(({ device, role }) => `${device} ${role}`)).toEqual(known() ? ['a owner', 'b viewer'] : []);
      expect(listed.every((answer) => answer.subject === subject)).toBe(true);
      expect(await source.devicesOf(subjectId('nobody'), never)).toEqual([]);
    });

    it('lists no more than a subject may have', async () => {
      const many = Array.from({ length: limits.devicesPerSubjectMax + 1 }, (_, n) => deviceId(`cam${n}`));
      const source = await told(...many.map((each): Grant => ({ subject, device: each, role: 'owner' })));
      expect(await source.devicesOf(subject, never)).toHaveLength(known() ? limits.devicesPerSubjectMax : 0);
    });

    it('says what it knew by a mark of few characters', async () => {
      const source = await told({ subject, device, role: 'owner' });
      const { version } = await source.ask({ subject, device }, never);
      expect(version).not.toBe('');
      expect(version.length).toBeLessThanOrEqual(limits.sourceVersionCharactersMax);
    });

    it('rejects when nobody waits any more', async () => {
      const gone = AbortSignal.abort(new Error('gone'));
      await expect(under.source.ask({ subject, device }, gone)).rejects.toThrow('gone');
      await expect(under.source.devicesOf(subject, gone)).rejects.toThrow('gone');
    });

    it('rejects after it was closed, and closes twice', async () => {
      const source = await told({ subject, device, role: 'owner' });
      await source.close();
      await source.close();
      await expect(source.ask({ subject, device }, never)).rejects.toThrow();
      await expect(source.devicesOf(subject, never)).rejects.toThrow();
    });
  });
}
