import { describe, expect, it } from 'vitest';
import { LatchkeyError, Redacted } from '../../src/base/index.ts';
import { createLog } from '../../src/telemetry/index.ts';

function collected(level: 'debug' | 'warn' = 'debug') {
  const lines: string[] = [];
  return { log: createLog(level, { write: (line) => void lines.push(line) }), lines };
}

describe('the log', () => {
  it('is one JSON object a line, with level, time and words', () => {
    const { log, lines } = collected();
    log.info('ready', { port: 8080 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'ready', port: 8080 });
    expect(Date.parse(JSON.parse(lines[0] ?? '').time)).not.toBeNaN();
  });

  it('prints nothing of what is redacted', () => {
    const { log, lines } = collected();
    log.warn('refused', { token: new Redacted('secret-token') });
    expect(lines.join('')).not.toContain('secret-token');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('prints where an error came from, and not what it quotes', () => {
    const { log, lines } = collected();
    const cause = Object.assign(new Error('peer said secret-words'), { code: 'EPIPE' });
    log.error('fault', new LatchkeyError('internal', 'secret-detail', { cause }));
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({ error: 'internal', cause: 'EPIPE' });
    expect(line.stack).toContain('logs.test.ts');
    expect(lines.join('')).not.toContain('secret');
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = collected('warn');
    log.info('chatter');
    log.debug('chatter');
    expect(lines).toEqual([]);
  });
});
