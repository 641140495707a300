import type { Guard } from './guard.ts';

const admission = 'src/signaling/admission/admission.ts';

/** Guards of who is let in: by the turns, the addresses and the event loop. */
export const guardsOfAdmission: readonly Guard[] = [
  {
    name: 'a turn that is over is somebody else’s',
    removed: [
      { file: admission, text: '    } finally {\n      this.#end(turn);\n    }', by: '    }' },
      { file: admission, text: 'this.#workTimer.keep(this.#nextWorkMs());', by: '' },
    ],
    seed: 1,
    sees: /turns|no answer/,
  },
  {
    name: 'an address that has tried too often is sent away',
    removed: [{ file: admission, text: 'this.#attempts?.take(network) === false', by: 'false' }],
    seed: 28,
    sees: /tries more often/,
  },
  {
    name: 'an address where too much has failed is sent away',
    removed: [{ file: admission, text: 'if (failedMs > 0)', by: 'if (false)' }],
    seed: 16,
    sees: /fails more often/,
  },
  {
    name: 'a bad ticket is counted against its address',
    removed: [{ file: 'src/signaling/bearer.ts', text: 'core.admission.failed(request.remoteAddress);', by: '' }],
    seed: 16,
    sees: /fails more often/,
  },
  {
    name: 'a bad token is counted against its address',
    removed: [{ file: admission, text: 'if (failed) this.failed(visitor.address);', by: '' }],
    seed: 16,
    sees: /fails more often/,
  },
  {
    name: 'all addresses of one network are one',
    removed: [{ file: admission, text: 'const network = networkOf(address);', by: 'const network = address;' }],
    seed: 65,
    sees: /tries more often/,
  },
  {
    name: 'what came from one address is nothing against another',
    removed: [{ file: admission, text: 'const network = networkOf(address);', by: "const network = '';" }],
    seed: 16,
    sees: /for what others did/,
  },
  {
    name: 'nothing new is let in while the event loop is late',
    removed: [
      {
        file: admission,
        text: '(this.#powers.lagMs?.() ?? 0) > this.#settings.lagMsMax * lagShares[lane]',
        by: 'false',
      },
    ],
    seed: 46,
    sees: /ms late/,
  },
  {
    name: 'a good ticket is let in however late the event loop is',
    removed: [
      {
        file: 'src/signaling/signaling.ts',
        text: 'if (ticket === undefined) core.admission.demandCalm(lane, claimedToken(request));',
        by: 'core.admission.demandCalm(lane, claimedToken(request));',
      },
    ],
    seed: 48,
    sees: /good ticket is sent away/,
  },
];
