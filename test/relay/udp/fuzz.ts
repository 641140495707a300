import { parseArgs } from 'node:util';
import { fuzzUdp } from '../support/udp-fuzzer.ts';

/** Fuzzes the batched port for as long as it is told: `npm run fuzz:udp -- --batches 1000000 --seed 7`. */
const { values } = parseArgs({ options: { batches: { type: 'string' }, seed: { type: 'string' } } });
const batches = Number(values.batches ?? 1_000_000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
if (!(Number.isInteger(batches) && batches > 0 && Number.isInteger(seed)))
  throw new Error('batches and seed are numbers');

const start = performance.now();
const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
console.log(`seed ${seed}, ${batches} batches`);
const tally = await fuzzUdp({ seed, batches, progress: (done) => console.log(`${done} batches, ${seconds()}`) });
console.log(tally);
console.log(`${batches} batches in ${seconds()}, seed ${seed}`);
