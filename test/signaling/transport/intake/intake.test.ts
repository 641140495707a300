import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../../src/base/index.ts';
import { IntakeStage, many, say } from './stage.ts';

function closed(client: Socket): Promise<void> {
  return new Promise((resolve) => client.resume().once('close', resolve));
}

const perTurn = limits.intakeTakenPerTurnMax;

describe('an intake to which few come', () => {
  it('takes each at once, whatever they say or do not say, and waits for the next ring', async () => {
    await using stage = await IntakeStage.open();
    expect(stage.bellsSet).toBe(1);
    await stage.come('later, please');
    await stage.come();
    await stage.crowd(perTurn - 2, 'now');
    stage.ring();
    expect(stage.taken).toHaveLength(perTurn);
    expect(stage.intake.held).toBe(0);
    expect([stage.turnsDue, stage.bellsSet]).toEqual([0, 2]);
  });

  it('takes nobody when nobody is there', async () => {
    await using stage = await IntakeStage.open();
    stage.ring();
    expect([stage.taken, stage.turnsDue, stage.bellsSet]).toEqual([[], 0, 2]);
  });
});

describe('an intake to which many come at once', () => {
  it('takes whoever cannot wait before those who can, and of those a few in each turn', async () => {
    await using stage = await IntakeStage.open();
    await stage.crowd(many, 'later');
    await stage.crowd(3, 'now');
    stage.ring();
    expect(stage.taken.slice(0, 3)).toEqual(['now', 'now', 'now']);
    expect(stage.taken).toHaveLength(3 + perTurn);
    expect(stage.intake.held).toBe(many - perTurn);
    expect([stage.turnsDue, stage.bellsSet]).toEqual([1, 1]);
    await stage.come('now');
    stage.turn();
    expect(stage.taken.slice(3 + perTurn)).toEqual(['now', ...Array.from({ length: many - perTurn }, () => 'later')]);
    expect([stage.intake.held, stage.turnsDue, stage.bellsSet]).toEqual([0, 0, 2]);
  });

  it('holds those who have said nothing until they have', async () => {
    await using stage = await IntakeStage.open();
    const clients = await stage.crowd(many);
    stage.ring();
    expect([stage.taken, stage.intake.held]).toEqual([[], many]);
    const [first, second] = clients;
    if (first === undefined || second === undefined) throw new Error('nobody came');
    await say(second, 'now');
    await say(first, 'later');
    expect(stage.bellsSet).toBe(2);
    stage.ring();
    expect(stage.taken).toEqual(['now', 'later']);
    expect(stage.intake.held).toBe(many - 2);
  });

  it('takes those who say nothing for so long all the same, and not a millisecond before', async () => {
    await using stage = await IntakeStage.open();
    await stage.crowd(many);
    stage.ring();
    stage.clock.advance(limits.intakeSilentMsMax - 1);
    expect(stage.taken).toEqual([]);
    stage.clock.advance(1);
    expect(stage.taken).toHaveLength(many);
    expect([stage.bellsSet, stage.clock.pending]).toEqual([3, 0]);
  });

  it('takes those who went away, so that whoever serves them finds out', async () => {
    await using stage = await IntakeStage.open();
    const clients = await stage.crowd(many);
    stage.ring();
    clients[0]?.destroy();
    await expect
      .poll(() => {
        stage.ring();
        return stage.taken;
      })
      .toEqual(['']);
  });

  it('takes no more off the port in one turn than its bound, and comes back for the others', async () => {
    await using stage = await IntakeStage.open();
    const most = limits.intakeAcceptsPerTurnMax;
    await stage.crowd(most + 1, 'later');
    stage.ring();
    expect(stage.intake.held + stage.taken.length).toBe(most);
    stage.turn();
    expect(stage.intake.held + stage.taken.length).toBe(most + 1);
  });

  it('holds no more than there is room for', async () => {
    await using stage = await IntakeStage.open();
    stage.room = many - 1;
    const clients = await stage.crowd(many - 1, 'later');
    const last = await stage.come('later');
    const gone = closed(last);
    stage.ring();
    await gone;
    expect(stage.intake.held + stage.taken.length).toBe(many - 1);
    expect([stage.open, clients.length]).toEqual([many - 1, many - 1]);
  });
});

describe('an intake in need', () => {
  it.each([
    ['exhausted', 'this process can have no more connections: see ulimit -n'],
    ['failed', 'the system refuses to hand over who has connected'],
  ] as const)('tells once that connecting has %s, and tries again after a while', async (hindrance, fault) => {
    await using stage = await IntakeStage.open();
    const { accept } = stage.socket;
    let left = 2;
    stage.socket.accept = () => (left-- > 0 ? hindrance : accept.call(stage.socket));
    await stage.come('now');
    stage.ring();
    expect(stage.faults).toEqual([fault]);
    stage.clock.advance(limits.intakeHinderedMs - 1);
    expect(left).toBe(1);
    stage.clock.advance(limits.intakeLookMs);
    expect([left, stage.taken, stage.faults.length]).toEqual([0, [], 1]);
    stage.clock.advance(limits.intakeHinderedMs + limits.intakeLookMs);
    expect([stage.taken, stage.bellsSet]).toEqual([['now'], 2]);
  });

  it('tries again at the next look when the clock was set back meanwhile', async () => {
    await using stage = await IntakeStage.open();
    const { accept } = stage.socket;
    let left = 1;
    stage.socket.accept = () => (left-- > 0 ? 'exhausted' : accept.call(stage.socket));
    await stage.come('now');
    stage.ring();
    stage.clock.setBack(3_600_000);
    stage.clock.advance(limits.intakeHinderedMs + limits.intakeLookMs);
    expect(stage.taken).toEqual(['now']);
  });

  it('goes on to serve those who are held while nobody can be accepted', async () => {
    await using stage = await IntakeStage.open();
    const clients = await stage.crowd(many);
    stage.ring();
    stage.socket.accept = () => 'exhausted';
    await say(clients[0] as Socket, 'now');
    await say(clients[1] as Socket, 'later');
    stage.ring();
    expect(stage.taken).toEqual(['now', 'later']);
    await say(clients[2] as Socket, 'now');
    stage.clock.advance(limits.intakeLookMs);
    expect(stage.taken).toEqual(['now', 'later', 'now']);
  });

  it('goes on by itself without its bell', async () => {
    await using stage = await IntakeStage.open();
    stage.break();
    expect(stage.faults).toEqual(['cracked']);
    await stage.come('now');
    stage.clock.advance(limits.intakeLookMs);
    await stage.come('again');
    stage.clock.advance(limits.intakeLookMs);
    expect(stage.taken).toEqual(['now', 'again']);
  });
});

describe('an intake that closes', () => {
  it('from inside of what it tells, drops those who had just come', async () => {
    await using stage = await IntakeStage.open();
    const { accept } = stage.socket;
    let calls = 0;
    stage.socket.accept = () => (calls++ === 0 ? accept.call(stage.socket) : 'failed');
    const client = await stage.come('now');
    const gone = closed(client);
    stage.onFault = () => void stage.intake.close();
    stage.ring();
    await gone;
    expect([stage.taken, stage.open]).toEqual([[], 0]);
  });

  it('drops whoever it holds, takes nobody any more, and frees the port', async () => {
    await using stage = await IntakeStage.open();
    const clients = await stage.crowd(many, 'later');
    stage.ring();
    const held = clients.slice(perTurn).map(closed);
    await stage.intake.close();
    await Promise.all(held);
    stage.turn();
    stage.ring();
    stage.clock.advance(limits.intakeSilentMsMax);
    expect([stage.taken.length, stage.open]).toEqual([perTurn, perTurn]);
    await expect(stage.come()).rejects.toThrow('ECONNREFUSED');
    await stage.intake.close();
  });
});
